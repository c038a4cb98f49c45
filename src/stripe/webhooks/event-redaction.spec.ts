import { namesUser, withoutPerson } from './event-redaction.js';

const TERMS = { pseudonym: 'erased_x', metadataKey: 'userId' };

const EVENT = {
  id: 'evt_1',
  object: 'event',
  type: 'invoice.paid',
  created: 1796083200,
  livemode: false,
  request: { id: null, idempotency_key: 'signup of anna@example.com' },
  data: {
    object: {
      id: 'in_1',
      object: 'invoice',
      customer: 'cus_1',
      customer_email: 'anna@example.com',
      customer_name: 'Anna Smith',
      customer_address: { line1: 'Main Street 1', country: 'DE' },
      amount_paid: 9900,
      currency: 'usd',
      metadata: { userId: 'user_1', note: 'Anna, VIP', payoutId: 'po_01kb6w2jh4f8t3zq9x0m7n5c1d' },
      parent: {
        type: 'subscription_details',
        subscription_details: { subscription: 'sub_1', metadata: { userId: 'user_1' } },
      },
      lines: { object: 'list', data: [{ id: 'il_1', description: "Anna's seat", amount: 9900 }] },
      individual: { first_name: 'Anna', dob: { day: 1, month: 2, year: 1990 } },
      card: { last4: '4242', exp_month: 12, exp_year: 2030 },
      preferred_locales: ['de', 'en'],
      field_of_tomorrow: 'Anna Smith',
    },
  },
};

describe('an event of an erased person', () => {
  it('keeps what it is processed by, and nothing that says who it was', () => {
    const { data, ...event } = withoutPerson(EVENT, TERMS);
    expect(event).toEqual({ ...EVENT, request: { id: null, idempotency_key: null }, data: undefined });
    expect(data.object).toMatchObject({
      id: 'in_1',
      customer: 'cus_1',
      amount_paid: 9900,
      currency: 'usd',
      metadata: { userId: 'erased_x', payoutId: 'po_01kb6w2jh4f8t3zq9x0m7n5c1d' },
      parent: {
        type: 'subscription_details',
        subscription_details: { subscription: 'sub_1', metadata: { userId: 'erased_x' } },
      },
      lines: { data: [{ id: 'il_1', description: null, amount: 9900 }] },
    });
    expect(JSON.stringify(data)).not.toMatch(/anna|user_1|Main|4242|2030|1990|"de"/i);
  });

  it('is the same after a second time', () => {
    const once = withoutPerson(EVENT, TERMS);
    expect(withoutPerson(once, TERMS)).toEqual(once);
  });

  it.each<[string, unknown, boolean]>([
    ['metadata', EVENT, true],
    ['a checkout reference', { data: { object: { client_reference_id: 'user_1' } } }, true],
    ['some other field', { data: { object: { id: 'user_1', metadata: { other: 'user_1' } } } }, false],
  ])('is known by the user id in %s: %s', (_place, event, isKnown) => {
    expect(namesUser(event, 'user_1', 'userId')).toBe(isKnown);
  });
});
