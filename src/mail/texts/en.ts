import { failureText } from '../../affiliates/notices/bank-payout-failure.js';
import type { SkipReason } from '../../payouts/eligibility/eligibility.js';

/**
 * What e-mails say, in English. Amounts, dates and names come as they are to be read. `de.ts` has the same in German; the
 * compiler sees to it that nothing is missing there.
 */
export const en = {
  dashboardButton: 'Open your dashboard',
  signInHint: (site: string) =>
    `If the page asks who you are, sign in at ${site} and open it from there. We never send links that sign you in.`,

  footer: {
    optional: (brand: string) => `You get this e-mail because you are an affiliate of ${brand}.`,
    service: (brand: string) =>
      `You get this e-mail because you are an affiliate of ${brand}. It is about your account or your money, so it cannot be switched off.`,
    unsubscribe: {
      first_conversion: 'No more e-mails about first customers',
      monthly_statement: 'No more monthly statements by e-mail',
      payout_paid: 'No more e-mails about payouts',
    },
  },

  welcome: {
    subject: (brand: string) => `Welcome to the affiliate programme of ${brand}`,
    preheader: (rate: string) => `Your link is ready. Share it and earn ${rate} of what your customers pay.`,
    heading: (name: string) => `Welcome, ${name}`,
    intro: (brand: string, rate: string, months: number | null) =>
      `You are now an affiliate of ${brand}. Whoever signs up through your link and becomes a paying customer earns you ${rate} of each payment, without tax, ${
        months === null
          ? 'for as long as they stay'
          : `for ${months === 1 ? 'the first month' : `the first ${months} months`}`
      }.`,
    link: 'Your link',
    steps: [
      'Share your link where people can use what you recommend.',
      'Set up your payouts once, in your dashboard. Stripe asks who you are and where your money should go; that takes a few minutes.',
      'Payouts go out once a month, without your asking.',
    ],
  },

  firstConversion: {
    subject: 'Your first customer has paid',
    preheader: (amount: string | null) =>
      amount === null ? 'Somebody who came through your link is now a customer.' : `You have earned ${amount}.`,
    heading: 'Your first customer',
    intro: (date: string) => `Somebody who came through your link became a paying customer on ${date}.`,
    figure: 'Your first commission',
    heldUntil: (date: string) => `On hold until ${date}, in case the customer wants the money back`,
    payable: 'Ready for the next payout',
    more: 'You earn with their next payments, too. Your dashboard shows how each amount was worked out.',
    setUpPayouts:
      'You have not set up your payouts yet. Do it now, so that the money reaches you with the next payout.',
  },

  monthlyStatement: {
    subject: (month: string) => `Your statement for ${month}`,
    preheader: (earned: string, paid: string | null) =>
      paid === null ? `${earned} earned.` : `${earned} earned, ${paid} paid out.`,
    heading: (month: string) => `Your statement for ${month}`,
    month: (month: string, currency: string) => `${month}, in ${currency}`,
    earned: 'Earned',
    reversed: 'Taken back for refunds and disputes',
    adjusted: 'Adjustments',
    total: 'Earned in all',
    balance: (currency: string) => `Payout and balance, in ${currency}`,
    paid: (date: string) => `Paid out on ${date}`,
    inPayout: 'On its way to you',
    held: 'On hold',
    payable: 'Payable',
    next: (date: string) => `The next payout is on ${date}.`,
    why: 'Your dashboard explains each amount, and has the statement of each payout as a PDF.',
    skipped: (amount: string, minimum: string): Record<SkipReason, string> => ({
      below_minimum: `${amount} were not paid out this time: payouts begin at ${minimum}. The money waits for the next one.`,
      negative_balance: `Your balance is below zero (${amount}): payments that you had been paid for were refunded. What you earn next makes up for it.`,
      not_onboarded: `${amount} could not be paid out: you have not set up your payouts yet. The money waits for you.`,
      account_restricted: `${amount} could not be paid out: Stripe has paused payouts to your account. Your dashboard says what Stripe needs.`,
      suspended: `${amount} were not paid out, since your account is suspended.`,
      under_review: `${amount} were not paid out this time, since we are still checking something. You need not do anything.`,
      currency_unavailable: `${amount} could not be paid out this time, for a reason on our side. The money waits for the next payout.`,
    }),
  },

  payoutPaid: {
    subject: (amount: string) => `We have paid you ${amount}`,
    preheader: (date: string) => `Sent to your Stripe account on ${date}.`,
    heading: 'You have been paid',
    intro: (date: string) => `We sent your payout to your Stripe account on ${date}.`,
    figure: 'Your payout',
    rows: { period: 'Payout of', paidAt: 'Sent on', reference: 'Reference' },
    arrival:
      'Stripe passes it on to your bank. When it arrives there depends on the bank and on your settings at Stripe; mostly it takes a few working days.',
    statementButton: 'See the statement',
  },

  actionNeeded: {
    setUpPayouts: {
      subject: (amounts: string) => `Set up your payouts to receive ${amounts}`,
      preheader: 'We could not pay you, since Stripe does not know you yet.',
      heading: (amounts: string) => `${amounts} are waiting for you`,
      text: (amounts: string, date: string) =>
        `In the payout of ${date} we would have paid you ${amounts}. We could not, because you have not finished setting up your payouts.`,
      what: 'Open your dashboard and choose “Set up payouts”. Stripe asks who you are and where your money should go; that takes a few minutes.',
      next: (date: string) => `Nothing is lost: what is waiting goes out with the next payout, on ${date}.`,
    },
    bankPayoutFailed: {
      subject: (amount: string) => `Your bank sent ${amount} back`,
      preheader: 'Your money is safe. Please put your bank account right.',
      heading: (amount: string) => `Your bank sent ${amount} back`,
      text: (amount: string, reason: string) => `Stripe could not pay ${amount} to your bank account: ${reason}.`,
      reason: failureText,
      safe: 'The money is safe in your Stripe balance. We do not send it a second time; Stripe tries again by itself once your bank details are right.',
      what: 'Open your dashboard, go to your payout settings and check your bank account.',
    },
    accountRestricted: {
      subject: 'Stripe has paused your payouts',
      preheader: 'Please see what Stripe needs from you.',
      heading: 'Stripe has paused your payouts',
      text: 'Stripe lets no money through to your account at present. What you earn meanwhile waits for you.',
      what: 'Your dashboard says in plain words what Stripe needs; mostly it is a detail or a document that is missing.',
    },
    accountGone: {
      subject: 'Your Stripe account was closed or disconnected',
      preheader: 'Please connect an account, so that we can pay you.',
      heading: 'We cannot pay you any more',
      text: 'Your Stripe account was closed, or disconnected from us. What you have earned waits for you.',
      what: 'Open your dashboard and set up your payouts anew.',
    },
    requirementsDue: {
      subject: (date: string) => `Stripe needs something from you by ${date}`,
      preheader: 'You can still be paid. To keep it so, give Stripe what is missing.',
      heading: (date: string) => `Stripe needs something from you by ${date}`,
      text: (date: string) =>
        `You can still be paid. If Stripe does not get what it asks for by ${date}, it will pause your payouts.`,
      what: 'Your dashboard says in plain words what is missing, and takes you to Stripe.',
    },
  },

  unsubscribePage: {
    title: (what: string) => `${what}?`,
    confirm: 'Switch them off',
    still: 'E-mails about your account and about money that is stuck still reach you.',
    doneTitle: 'Done',
    done: 'You will not get these e-mails any more.',
    undo: 'Switch them on again',
    undoneTitle: 'Switched on again',
    undone: 'You will get these e-mails again.',
    invalidTitle: 'This link is not valid',
    invalid: 'It may have been cut off, or it is too old. You can choose your e-mails in your dashboard.',
    toPortal: 'Go to your dashboard',
    what: {
      first_conversion: 'No e-mail about your first customer',
      monthly_statement: 'No monthly statements by e-mail',
      payout_paid: 'No e-mails about payouts',
    },
  },
};

export type Texts = typeof en;
