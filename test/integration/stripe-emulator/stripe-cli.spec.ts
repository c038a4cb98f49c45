import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { control, sdkFor, startHarness, WEBHOOK_SECRET, type Harness } from './emulator-harness.js';
import { shapeFaults, type WireObject } from './published-shapes.js';

const CLI = fileURLToPath(new URL('../../../node_modules/.bin/stripe', import.meta.url));
const CHARGEBACK = ['--override', 'payment_intent:payment_method=pm_card_createDispute'];
const WINNING = ['--add', 'disputes_update:evidence[uncategorized_text]=winning_evidence'];
const TO_ACTIVE_ACCOUNT = ['--override', 'transfer:destination=ACTIVE_ACCOUNT'];

/**
 * Which `stripe trigger` sends each event of the platform and Connect endpoints. Some events have no
 * trigger of their own but follow from another's.
 */
const TRIGGERS: [event: string, trigger: string[]][] = [
  ['invoice.paid', ['invoice.paid']],
  ['invoice_payment.paid', ['invoice.paid']],
  ['invoice.payment_failed', ['invoice.payment_failed']],
  ['invoice.voided', ['invoice.voided']],
  ['invoice.marked_uncollectible', ['invoice.marked_uncollectible']],
  ['customer.created', ['customer.created']],
  ['customer.subscription.created', ['customer.subscription.created']],
  ['customer.subscription.updated', ['customer.subscription.updated']],
  ['customer.subscription.deleted', ['customer.subscription.deleted']],
  ['checkout.session.completed', ['checkout.session.completed']],
  ['checkout.session.expired', ['checkout.session.expired']],
  ['refund.created', ['charge.refunded']],
  ['refund.updated', ['charge.refund.updated']],
  ['charge.refunded', ['charge.refunded']],
  ['charge.refund.updated', ['charge.refund.updated']],
  ['credit_note.created', ['credit_note.created']],
  ['credit_note.updated', ['credit_note.updated']],
  ['credit_note.voided', ['credit_note.voided']],
  ['charge.dispute.created', ['charge.dispute.created']],
  ['charge.dispute.updated', ['charge.dispute.updated']],
  ['charge.dispute.closed', ['charge.dispute.closed']],
  ['charge.dispute.funds_withdrawn', ['charge.dispute.created', ...CHARGEBACK]],
  ['charge.dispute.funds_reinstated', ['charge.dispute.updated', ...CHARGEBACK, ...WINNING]],
  ['transfer.created', ['transfer.created', ...TO_ACTIVE_ACCOUNT]],
  ['transfer.updated', ['transfer.updated', ...TO_ACTIVE_ACCOUNT]],
  ['transfer.reversed', ['transfer.reversed', ...TO_ACTIVE_ACCOUNT]],
  ['payment_intent.succeeded', ['payment_intent.succeeded']],
  ['payment_intent.payment_failed', ['payment_intent.payment_failed']],
  ['payment_intent.canceled', ['payment_intent.canceled']],
  ['charge.failed', ['charge.failed']],
  ['account.updated', ['account.updated']],
];

/** What no `stripe trigger` leads to; these are made by the emulator's own methods in the other specs. */
const WITHOUT_TRIGGER = ['refund.failed', 'capability.updated', 'account.external_account.updated'];

describe('the Stripe emulator, driven by the CLI that Stripe publishes', () => {
  const home = mkdtempSync(join(tmpdir(), 'stripe-cli-'));
  let harness: Harness;
  let account: string;

  /** Runs `stripe trigger` with no login, no home and no way to the internet. Rejects when it exits other than 0. */
  const trigger = (args: string[]): Promise<unknown> =>
    promisify(execFile)(
      CLI,
      [
        'trigger',
        ...args.map((arg) => arg.replace('ACTIVE_ACCOUNT', account)),
        ...['--api-base', harness.emulator.url, '--api-key', 'sk_test_emulator12345'],
      ],
      {
        timeout: 30_000,
        env: {
          PATH: process.env.PATH,
          HOME: home,
          XDG_CONFIG_HOME: home,
          HTTPS_PROXY: 'http://127.0.0.1:9',
          STRIPE_CLI_TELEMETRY_OPTOUT: '1',
          STRIPE_CLI_NO_PLUGIN_AUTO_INSTALL: '1',
          STRIPE_NO_AUTO_UPDATE: '1',
        },
      },
    );

  beforeAll(async () => {
    harness = await startHarness();
    const { id } = await harness.stripe.accounts.create({
      type: 'express',
      capabilities: { transfers: { requested: true } },
    });
    account = id;
    await control(harness.emulator, 'POST', `accounts/${account}/complete-onboarding`);
  });

  beforeEach(async () => {
    await harness.emulator.settle();
    harness.sink.deliveries.length = 0;
  });

  afterAll(async () => {
    await harness.close();
    rmSync(home, { recursive: true });
  });

  it.each(TRIGGERS)('should send a signed and well-formed %s for stripe trigger %s', async (event, args) => {
    const { clock, emulator, sink } = harness;
    await trigger(args);
    await emulator.settle();
    const events = sink.deliveries.map(({ body, signature }) =>
      sdkFor(emulator).webhooks.constructEvent(body, signature, WEBHOOK_SECRET, 300, undefined, clock.now().getTime()),
    );
    const sent = events.find(({ type }) => type === event);
    expect(sent).toMatchObject({ object: 'event', livemode: false, api_version: '2026-10-28.endive' });
    const raw = sink.deliveries.map(({ body }) => JSON.parse(body) as { type: string; data: { object: WireObject } });
    expect(raw.flatMap(({ type, data }) => shapeFaults(data.object).map((fault) => `${type}: ${fault}`))).toEqual([]);
  });

  it.each(WITHOUT_TRIGGER)('should have no trigger for %s, which its own surface makes', async (event) => {
    await expect(trigger([event])).rejects.toThrow('is not supported by Stripe CLI');
  });
});
