import type { components } from '../../generated/api';

type Schemas = components['schemas'];

export type Balance = Schemas['BalanceDto'];
export type Commission = Schemas['CommissionDto'];
export type CommissionState = Commission['state'];
export type Decision = Schemas['MyDecisionDto'];
export type EmailChange = Schemas['UpdateEmailPreferencesDto'];
export type EmailPreferences = Schemas['EmailPreferencesDto'];
export type ExplanationStep = Schemas['ExplanationStepDto'];
export type NextPayout = Schemas['NextPayoutDto'];
export type Notice = Schemas['NoticeDto'];
export type Onboarding = Schemas['OnboardingDto'];
export type OnboardingRequirement = Schemas['OnboardingRequirementDto'];
export type Overview = Schemas['OverviewDto'];
export type Payout = Schemas['PayoutDto'];
export type PayoutStatus = Payout['status'];
export type Referral = Schemas['ReferralDto'];
export type ReferralStatus = Referral['status'];
export type Statement = Schemas['StatementDto'];
export type StatementItem = Schemas['StatementItemDto'];
export type Stats = Schemas['StatsDto'];
export type StatsBucket = Schemas['StatsBucketDto'];
export type StepCause = Schemas['StepCauseDto'];
