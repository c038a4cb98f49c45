import type {
  Affiliate,
  AffiliateAccount,
  AffiliateCode,
  AffiliateRate,
  AttributionDecision,
  AuditLog,
  Balance,
  Click,
  ClickDay,
  ClickSubId,
  ClickVisitor,
  Commission,
  CommissionHold,
  CustomerPaymentMethod,
  DomainEvent,
  JournalEntry,
  AccountPayoutMethod,
  Payout,
  PayoutAttempt,
  PayoutLine,
  PayoutSkip,
  Posting,
  Referral,
  ReferralDay,
  ReferralEmail,
  ReferralRejection,
  ReviewCase,
  ReviewSignal,
  SparedCommission,
  StripeInvoice,
  StripeInvoicePayment,
  StripeLoss,
  StripeSubscription,
  StripeTransfer,
} from '@prisma/client';

/** The same row with its JSON written out, and with bytes as hexadecimal digits. */
type Written<Row, Json extends keyof Row = never, Bytes extends keyof Row = never> = Omit<Row, Json | Bytes> &
  Record<Json, string | (null extends Row[Json] ? null : never)> &
  Record<Bytes, HexBytes | (null extends Row[Bytes] ? null : never)>;

/** Bytes as the server reads them in a text: `\x` and hexadecimal digits. */
export type HexBytes = `\\x${string}`;

/** What is generated, by table. */
export interface Rows {
  affiliates: Affiliate;
  affiliate_accounts: Written<AffiliateAccount, 'requirements'>;
  affiliate_codes: AffiliateCode;
  affiliate_rates: AffiliateRate;
  account_payout_methods: AccountPayoutMethod;
  attribution_decisions: Written<AttributionDecision, 'inputs' | 'rules'>;
  referrals: Referral;
  referral_days: ReferralDay;
  referral_emails: Written<ReferralEmail, never, 'emailHash'>;
  customer_payment_methods: CustomerPaymentMethod;
  stripe_subscriptions: StripeSubscription;
  stripe_invoices: StripeInvoice;
  stripe_invoice_payments: StripeInvoicePayment;
  stripe_losses: Omit<StripeLoss, 'unknownStatuses'>;
  commissions: Commission;
  commission_holds: CommissionHold;
  review_cases: ReviewCase;
  review_signals: Written<ReviewSignal, 'evidence'>;
  referral_rejections: ReferralRejection;
  spared_commissions: SparedCommission;
  journal_entries: Written<JournalEntry, 'facts', 'contentHash'>;
  postings: Posting;
  balances: Balance;
  payouts: Payout;
  payout_attempts: PayoutAttempt;
  payout_skips: PayoutSkip;
  payout_lines: PayoutLine;
  stripe_transfers: StripeTransfer;
  audit_log: Written<AuditLog, 'before' | 'after'>;
  domain_events: Written<Omit<DomainEvent, 'sequence' | 'position'>, 'data'>;
  clicks: Written<Click, never, 'ipHash'>;
  click_days: ClickDay;
  click_visitors: Written<ClickVisitor, never, 'visitorHash'>;
  click_sub_ids: ClickSubId;
}

export type TableName = keyof Rows;

/**
 * The columns of each table, and in which order its rows are stored: that of time, as the application would have
 * written them, where a table has one. Tables stand after those they point to.
 */
export const TABLES: { readonly [Table in TableName]: { columns: string; order: string } } = {
  affiliates: {
    columns:
      'id user_id name email email_normalized country status plan_id stripe_account_id stripe_account_requested_at ' +
      'stripe_account_seen_at details_submitted payouts_enabled erased_at created_at',
    order: 'id',
  },
  affiliate_accounts: {
    columns: 'account_id affiliate_id connected_at replaced_at gone_at requirements disabled_reason',
    order: 'connected_at',
  },
  affiliate_codes: { columns: 'code affiliate_id is_current created_at', order: 'created_at' },
  affiliate_rates: { columns: 'affiliate_id effective_from rate_bps', order: 'effective_from' },
  account_payout_methods: { columns: 'account_id fingerprint kind first_seen_at', order: 'first_seen_at' },
  attribution_decisions: {
    columns:
      'id referred_user_id affiliate_id code click_id attributed reason referral_id inputs rules occurred_at created_at',
    order: 'id',
  },
  referrals: {
    columns:
      'id affiliate_id referred_user_id status click_id promotion_code_id decision_id plan_version_id stripe_customer_id ' +
      'mrr_minor currency occurred_at created_at converted_at churned_at',
    order: 'id',
  },
  referral_days: { columns: 'affiliate_id day signups conversions paying', order: 'day' },
  referral_emails: {
    columns: 'referral_id affiliate_id email_hash domain matching_affiliate_id',
    order: 'referral_id',
  },
  customer_payment_methods: { columns: 'customer_id fingerprint kind first_seen_at', order: 'first_seen_at' },
  stripe_subscriptions: {
    columns: 'id customer_id referred_user_id status mrr_minor currency ended_at seen_at',
    order: 'seen_at',
  },
  stripe_invoices: {
    columns:
      'id customer_id referred_user_id subscription_id currency total_minor total_excluding_tax_minor amount_paid_minor ' +
      'amount_paid_off_stripe_minor paid_at stripe_event_id received_at',
    order: 'received_at',
  },
  stripe_invoice_payments: {
    columns: 'id invoice_id payment_id amount_minor status received_at',
    order: 'received_at',
  },
  stripe_losses: {
    columns: 'id source payment_id invoice_id currency amount_minor status stripe_event_id received_at',
    order: 'received_at',
  },
  commissions: {
    columns:
      'id affiliate_id referral_id invoice_id part currency amount_minor invoice_amount_paid_minor invoice_total_minor ' +
      'invoice_net_total_minor base_minor rate_bps rate_source plan_version_id invoice_paid_at available_at created_at',
    order: 'id',
  },
  commission_holds: {
    columns: 'commission_id affiliate_id currency available_at inquiry_open',
    order: 'commission_id',
  },
  review_cases: {
    columns: 'id affiliate_id rule holds status opened_at closed_at decided_by reason',
    order: 'id',
  },
  review_signals: {
    columns: 'case_id key level summary evidence subject referral_id stripe_event_id found_at',
    order: 'case_id',
  },
  referral_rejections: {
    columns: 'case_id referral_id rule staff_user_id reason rejected_at',
    order: 'rejected_at',
  },
  spared_commissions: { columns: 'case_id commission_id', order: 'case_id' },
  journal_entries: {
    columns:
      'id kind unique_key content_hash facts affiliate_id currency occurred_at recorded_at commission_id payout_id ' +
      'stripe_event_id staff_user_id reason',
    order: 'id',
  },
  postings: {
    columns: 'affiliate_id currency seq entry_id account amount_minor payable_since',
    order: 'entry_id, seq',
  },
  balances: {
    columns:
      'affiliate_id currency held_minor payable_minor in_payout_minor paid_out_minor lifetime_earned_minor last_seq ' +
      'first_unlined_seq',
    order: 'affiliate_id',
  },
  payouts: {
    columns:
      'id run_id affiliate_id currency amount_minor amount_reversed_minor status destination attempt_no ' +
      'sends next_try_at stripe_transfer_id failure_code failure_message created_at paid_at',
    order: 'id',
  },
  payout_attempts: {
    columns:
      'payout_id attempt_no idempotency_key first_sent_at last_sent_at credential_id outcome outcome_detail resolved_at',
    order: 'payout_id',
  },
  payout_skips: { columns: 'run_id affiliate_id currency reason amount_minor', order: 'run_id, affiliate_id' },
  payout_lines: {
    columns: 'payout_id affiliate_id currency first_seq last_seq item_count amount_minor released_at',
    order: 'payout_id, first_seq',
  },
  stripe_transfers: {
    columns:
      'id payout_id amount_minor amount_reversed_minor reversed_by_others_minor currency destination reversed_at ' +
      'stripe_event_id created_at received_at',
    order: 'received_at',
  },
  audit_log: {
    columns: 'id actor_id action subject_type subject_id before after reason recorded_at',
    order: 'id',
  },
  domain_events: { columns: 'id type subject_id data occurred_at', order: 'id' },
  clicks: {
    columns: 'id affiliate_id code source url referrer user_agent sub_id ip_hash occurred_at',
    order: 'id',
  },
  click_days: { columns: 'affiliate_id day clicks unique_clicks', order: 'day, affiliate_id' },
  click_visitors: { columns: 'affiliate_id day visitor_hash', order: 'day, affiliate_id' },
  click_sub_ids: { columns: 'affiliate_id sub_id clicks archived_clicks', order: 'affiliate_id' },
};

export const TABLE_NAMES = Object.keys(TABLES) as TableName[];
