/** Made from openapi.json by scripts/generate-sdk-types.mjs. */

export interface paths {
    "/v1/affiliates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Affiliates, newest first. */
        get: operations["Affiliates_list"];
        put?: never;
        /** Makes a user of the host an affiliate. */
        post: operations["Affiliates_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/affiliates/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An affiliate. */
        get: operations["Affiliates_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes the fields that are given. */
        patch: operations["Affiliates_update"];
        trace?: never;
    };
    "/v1/affiliates/{id}/balance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An affiliate's money, one row per currency. */
        get: operations["Commissions_balance"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/affiliates/{id}/dashboard-links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A new link to the affiliate's dashboard, good for one visit within five minutes. Always mints a new one. */
        post: operations["DashboardLinks_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/affiliates/{id}/notices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What an affiliate must know of or do, newest first. */
        get: operations["Notices_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/affiliates/{id}/onboarding": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How far an affiliate is with Stripe: whether it can be paid, and what is missing for it. Shows what Stripe last said,
         *     at `checkedAt`: Stripe is asked whenever it reports a change, before each payout, and daily in any case.
         */
        get: operations["Onboarding_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/affiliates/{id}/onboarding-links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A new link to Stripe's onboarding, good for one visit. Makes the Stripe account on first use, once. */
        post: operations["Onboarding_createLink"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/affiliates/{id}/promotion-codes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The affiliate's promotion codes, newest first. */
        get: operations["PromotionCodes_list"];
        put?: never;
        /** Gives the affiliate a promotion code of Stripe's: whoever redeems it from now on is credited to them. */
        post: operations["PromotionCodes_add"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/affiliates/{id}/promotion-codes/{promotionCodeId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes the code away: what is redeemed from now on credits nobody. */
        delete: operations["PromotionCodes_remove"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/affiliates/{id}/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Clicks, signups and conversions over a range of days; the last 30 by default. */
        get: operations["AffiliateStats_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/attribution-decisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Decisions about signups, newest first. */
        get: operations["Decisions_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/attribution-decisions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Why a signup was credited or not: inputs, every rule with its finding, and the outcome in a sentence. */
        get: operations["Decisions_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/clicks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Reports a visit through a referral link that led straight to a page of the host (`?ref=CODE`). */
        post: operations["Clicks_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/commissions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List commissions, newest first; as a file, all that match. */
        get: operations["Commissions_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/commissions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a commission with the working behind its amount. */
        get: operations["Commissions_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/erasures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Erases the personal data of a user, affiliate or referred; the ledger stays, under a pseudonym. */
        post: operations["Erasures_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/erasures/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far an erasure is. */
        get: operations["Erasures_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What happened, oldest first: everything that webhooks tell of, for whoever missed some. */
        get: operations["Events_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The calling affiliate. */
        get: operations["Me_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/attribution-decisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Signups by the calling affiliate's links that were not credited, newest first, and why; as a file, all that match. */
        get: operations["MyReferrals_listRefusals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/balance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The calling affiliate's money, one row per currency. */
        get: operations["MyCommissions_balance"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/commissions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The calling affiliate's commissions, newest first; as a file, all that match. */
        get: operations["MyCommissions_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/commissions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One of the calling affiliate's commissions, with the working behind its amount. */
        get: operations["MyCommissions_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/email-preferences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Which e-mails the calling affiliate gets, and in which language. */
        get: operations["EmailPreferences_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Switches e-mails on or off, or chooses their language. */
        patch: operations["EmailPreferences_update"];
        trace?: never;
    };
    "/v1/me/notices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the calling affiliate must know of or do, newest first. */
        get: operations["MyNotices_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/onboarding": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far the calling affiliate is with Stripe, as of `checkedAt`: whether it can be paid, and what is missing for it. */
        get: operations["MyOnboarding_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/onboarding-links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A new link to Stripe's onboarding, good for one visit; from the dashboard's session it leads back to the dashboard. */
        post: operations["MyOnboarding_createLink"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All that the first page of the dashboard shows: who, how many, how much, what is paid next and what is missing for it. */
        get: operations["MyOverview_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/payouts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The calling affiliate's payouts, newest first; as a file, all that match. */
        get: operations["MyPayouts_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/payouts/{id}/statement": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What one of the calling affiliate's payouts was paid for. Also as CSV, and as PDF to file. */
        get: operations["MyPayoutStatements_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/referrals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The calling affiliate's referrals, newest first, and who they are masked; as a file, all that match. */
        get: operations["MyReferrals_listReferrals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the caller is known by, and until when. */
        get: operations["MySession_get"];
        put?: never;
        post?: never;
        /** Ends the session of the browser's cookie. A token is not ended by it: it runs out by itself. */
        delete: operations["MySession_end"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The calling affiliate's clicks, signups and conversions over a range of days; the last 30 by default. */
        get: operations["MyReferrals_getStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/sub-ids": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Which of the calling affiliate's own notes on links (`?sub=`) brought the most clicks. */
        get: operations["MyReferrals_listSubIds"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payout-runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List payout runs, newest first. */
        get: operations["Payouts_listRuns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payout-runs/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * See who would be paid what, who would not and why, and what changed since the last run. Writes nothing, but for the
         *     answer under its key. The file takes no key: it is made while it is read.
         */
        post: operations["Payouts_preview"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payout-runs/{period}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read the run of a month such as `2026-12`. */
        get: operations["Payouts_getRun"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payouts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List payouts, newest first; as a file, all that match. */
        get: operations["Payouts_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payouts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a payout. */
        get: operations["Payouts_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payouts/{id}/statement": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a payout was paid for: every posting in it, in words and to the cent. Also as CSV, and as PDF to file. */
        get: operations["PayoutStatements_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/plans": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Plans with the terms that are in force now. */
        get: operations["Plans_list"];
        put?: never;
        /** Makes a plan, with its first terms. */
        post: operations["Plans_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/plans/{id}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** New terms from now on. What was earned before stays as it is, and a referral keeps the terms of its day. */
        post: operations["Plans_createVersion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/referrals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Referrals, newest first; as a file, all that match. */
        get: operations["Referrals_list"];
        put?: never;
        /** Reports a signup. 201: an affiliate is credited; 200: credited before, or not, and why. */
        post: operations["Referrals_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/referrals/by-user/{referredUserId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The referral of a user of the host. */
        get: operations["Referrals_getByUser"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/referrals/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["Referrals_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Binds the Stripe customer whose invoices earn; null unbinds. */
        patch: operations["Referrals_update"];
        trace?: never;
    };
    "/v1/review-cases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What fraud rules found and staff were or are asked about, newest first. */
        get: operations["ReviewCases_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/review-cases/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["ReviewCases_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook-deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was sent or waits to be sent, and what was answered; newest first, kept for 90 days. */
        get: operations["WebhookDeliveries_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook-deliveries/{id}/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends it at once, under the same `webhook-id`, whether it was delivered or not. */
        post: operations["WebhookDeliveries_resend"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook-endpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Webhook endpoints, newest first. */
        get: operations["WebhookEndpoints_list"];
        put?: never;
        /** Has events sent to a URL, signed by the Standard Webhooks specification. The answer shows the secret, once. */
        post: operations["WebhookEndpoints_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook-endpoints/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A webhook endpoint. */
        get: operations["WebhookEndpoints_get"];
        put?: never;
        post?: never;
        /** Ends it, with what waits for it and its log. */
        delete: operations["WebhookEndpoints_delete"];
        options?: never;
        head?: never;
        /** Changes the fields that are given; enables, disables, rotates the secret. */
        patch: operations["WebhookEndpoints_update"];
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        AddPromotionCodeDto: {
            /** @description The promotion code at Stripe: its id (`promo_…`), or the letters that customers type in. It must be active. */
            promotionCode: string;
        };
        AffiliateAccountDto: {
            /** @example 2026-11-02T08:00:00.000Z */
            connectedAt: string;
            /** @description When another account took its place; null for the present one. */
            replacedAt: string | null;
            /** @example acct_1AbCdEfGhIjKlMnO */
            stripeAccountId: string;
        };
        AffiliateDto: {
            /** @example JOHN-X7K2 */
            code: string;
            /** @description The affiliate's own rate in basis points; null: the plan's counts. */
            commissionRateBps: number | null;
            /** @example US */
            country: string;
            /** @example 2026-12-01T12:00:00.000Z */
            createdAt: string;
            /** @example john@example.com */
            email: string | null;
            /** @example aff_01kb6xj3v5e0r8m2n4p6q8s0t2 */
            id: string;
            /** @example John Smith */
            name: string;
            /** @description Whether Stripe lets money through to the affiliate's bank. */
            payoutsEnabled: boolean;
            /** @example pln_default */
            planId: string;
            /** @example https://partners.example.com/r/JOHN-X7K2 */
            referralUrl: string;
            /** @enum {string} */
            status: "pending" | "active" | "suspended";
            /** @example acct_1AbCdEfGhIjKlMnO */
            stripeAccountId: string | null;
            /** @example user_42 */
            userId: string;
        };
        AffiliatePageDto: {
            data: components["schemas"]["AffiliateDto"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
        };
        ApiError: {
            /**
             * @description Stable and machine-readable.
             * @example affiliate_not_found
             */
            code: string;
            /** @example {} */
            details: {
                [key: string]: unknown;
            };
            /**
             * @description One sentence a developer can act on.
             * @example There is no affiliate aff_01kb….
             */
            message: string;
            /**
             * @description Also in the header X-Request-Id and in the log.
             * @example req_5f3c9a1b2d4e_1a
             */
            requestId: string;
        };
        ApiErrorBody: {
            error: components["schemas"]["ApiError"];
        };
        AttributionDto: {
            attributed: boolean;
            /** @description Read the whole trace with GET /v1/attribution-decisions/:id. */
            decisionId?: string;
            /**
             * @description Why the affiliate was not credited.
             * @enum {string}
             */
            reason?: "click_unknown" | "code_unknown" | "already_referred" | "click_expired" | "affiliate_inactive" | "self_referral" | "affiliate_ip_match" | "click_ip_match" | "blocked_email_domain";
            referral?: components["schemas"]["ReferralDto"];
        };
        BalanceDto: {
            currency: string;
            /** @description Earned, but its hold has not run out. */
            held: number;
            /** @description Reserved by a payout that is under way. */
            inPayout: number;
            /** @description Everything ever earned, less what was reversed. */
            lifetimeEarned: number;
            paid: number;
            /** @description Goes into the next payout; below zero after a claw-back. */
            payable: number;
        };
        BalancesDto: {
            balances: components["schemas"]["BalanceDto"][];
        };
        ChangeSumDto: {
            /** @enum {string} */
            change: "new" | "gone" | "more" | "less" | "same" | "other_reason";
            count: number;
            currency: string;
            /** @description By how much they change the sum of the payouts, in minor units. */
            difference: number;
        };
        ClickDto: {
            clickId: string;
            /** @description A signup after this moment is not credited to the click. */
            expiresAt: string;
        };
        CommissionDto: {
            affiliateId: string;
            /** @description What the invoice earned, in minor units. */
            amount: number;
            /** @description From when it is payable. */
            availableAt: string;
            createdAt: string;
            currency: string;
            explanation: components["schemas"]["ExplanationDto"];
            id: string;
            invoiceId: string;
            /** @description amount − reversedAmount. */
            netAmount: number;
            paidAt: string | null;
            payoutId: string | null;
            referralId: string;
            reversedAmount: number;
            /** @enum {string} */
            state: "paid" | "held" | "payable" | "in_payout" | "reversed";
        };
        CommissionPageDto: {
            data: components["schemas"]["CommissionDto"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
        };
        CreateAffiliateDto: {
            /**
             * @description A code of the host's choice; made from the name when not given.
             * @example JOHN-2027
             */
            code?: string | null;
            /** @description An own rate in basis points, over the plan's: 2500 is 25 %. */
            commissionRateBps?: number | null;
            /**
             * @description ISO 3166-1 alpha-2; DEFAULT_COUNTRY when not given.
             * @example US
             */
            country?: string | null;
            /**
             * Format: email
             * @description For Stripe's onboarding and for recognising self-referrals.
             * @example john@example.com
             */
            email?: string | null;
            /** @example John Smith */
            name: string;
            /** @description The plan whose terms count; `default` when not given. */
            planId?: string | null;
            /**
             * @description `pending` waits for staff.
             * @default active
             * @enum {string|null}
             */
            status?: "pending" | "active" | null;
            /**
             * @description The host's id of the user. One user is one affiliate.
             * @example user_42
             */
            userId: string;
        };
        CreateClickDto: {
            /** @description `ref` of the page's address. */
            code: string;
            /** @description The visitor's address. With a token only: the snippet's is taken from the connection. Stored as a keyed hash. */
            ip?: string | null;
            /**
             * Format: uri
             * @description Where the visitor came from.
             */
            referrer?: string | null;
            /** @description The affiliate's own note. */
            subId?: string | null;
            /**
             * Format: uri
             * @description The page the visitor landed on.
             */
            url?: string | null;
            /** @description The visitor's browser. With a token only: the snippet's is taken from the request. */
            userAgent?: string | null;
        };
        CreateErasureDto: {
            /**
             * @description The host's id of the user, who may be an affiliate, a referred user, both or neither.
             * @example user_42
             */
            userId: string;
        };
        CreateOnboardingLinkDto: {
            /** @description Where Stripe sends an affiliate whose link has expired; should ask for a new link. */
            refreshUrl?: string | null;
            /**
             * @description Where Stripe sends the affiliate afterwards, on an allowed host or in the dashboard; a page of this service when not given.
             * @example https://app.example.com/affiliates
             */
            returnUrl?: string | null;
        };
        CreatePlanDto: {
            /** @description For how many months after a customer's first invoice; null is for life. */
            durationMonths?: number | null;
            /**
             * @description How many days a commission is held before it can be paid.
             * @default 0
             */
            holdDays?: number;
            /** @example partners */
            name: string;
            /** @description Basis points of what the customer paid without tax: 2000 is 20 %. */
            rateBps: number;
        };
        CreateReferralDto: {
            /** @description `click_id` of the landing page's URL, or the cookie `fs_click`. A stored click decides, whatever the code says. */
            clickId?: string | null;
            /** @description `ref` of the landing page's URL, or typed in by the user. */
            code?: string | null;
            /**
             * Format: email
             * @description For recognising self-referrals; stored masked.
             */
            email?: string | null;
            /** @description The signup's address, for the fraud rules. Only a keyed hash is compared; the address is not stored. */
            ip?: string | null;
            /** @description When the user signed up, ISO 8601; now when not given. The attribution window is measured with it. */
            occurredAt?: string | null;
            /** @description The host's id of the user who signed up. */
            referredUserId: string;
            /** @description Binds the Stripe customer whose invoices earn. May be bound later. */
            stripeCustomerId?: string | null;
        };
        CreateWebhookEndpointDto: {
            /** @description What to send; everything when not given. */
            events?: ("*" | "affiliate.created" | "affiliate.updated" | "referral.created" | "referral.converted" | "referral.churned" | "commission.created" | "commission.released" | "commission.reversed" | "commission.restored" | "payout.paid" | "payout.failed" | "payout.reversed" | "review_case.opened" | "review_case.closed")[] | null;
            /**
             * Format: uri
             * @example https://app.example.com/webhooks/fairshare
             */
            url: string;
        };
        DashboardLinkDto: {
            /** @example 2026-12-01T12:05:00.000Z */
            expiresAt: string;
            /**
             * @description Opens the dashboard once.
             * @example https://partners.example.com/dashboard/open?token=3q2-7w…
             */
            url: string;
        };
        DecisionDto: {
            affiliateId: string | null;
            attributed: boolean;
            clickId: string | null;
            code: string | null;
            createdAt: string;
            id: string;
            inputs: components["schemas"]["DecisionInputsDto"];
            occurredAt: string;
            /**
             * @description Null when attributed.
             * @enum {string|null}
             */
            reason: "click_unknown" | "code_unknown" | "already_referred" | "click_expired" | "affiliate_inactive" | "self_referral" | "affiliate_ip_match" | "click_ip_match" | "blocked_email_domain" | null;
            referralId: string | null;
            referredUserId: string;
            /**
             * @description Every rule in the order in which they refuse, also those after the first refusal. Where a promotion code was redeemed
             *     `attribution_precedence` comes last: whether the code or the link decides, and why.
             */
            rules: components["schemas"]["RuleVerdictDto"][];
            /** @description The answer in a sentence. */
            summary: string;
        };
        DecisionInputsDto: {
            clickId: string | null;
            code: string | null;
            email: string | null;
            ipGiven: boolean;
            stripeCustomerId: string | null;
        };
        DecisionPageDto: {
            data: components["schemas"]["DecisionDto"][];
            nextCursor: string | null;
        };
        DeepLinksDto: {
            /** @description Hosts, with a port where it is not the usual one, whose pages a link may name. */
            allowedHosts: string[];
            /** @description The site that links lead to when they name no page; paths are those of this site. */
            siteUrl: string;
        };
        EmailPreferencesDto: {
            /**
             * @description Where they go; without an address none are sent.
             * @example john@example.com
             */
            email: string | null;
            /** @description Whether this service sends e-mails at all. */
            enabled: boolean;
            /** @description When the first customer pays. */
            firstConversion: boolean;
            /**
             * @description The language they are written in; null: the operator's default.
             * @enum {string|null}
             */
            locale: "en" | "de" | null;
            /** @description What the month came to, after its payout run. */
            monthlyStatement: boolean;
            /** @description When money was sent. */
            payoutPaid: boolean;
        };
        ErasureDto: {
            /** @description The affiliate that the user was. */
            affiliateId: string | null;
            completedAt: string | null;
            /** @description What is erased, in words. */
            erases: string[];
            /** @example era_01kb6w2jh4f8t3zq9x0m7n5c1d */
            id: string;
            /** @description What stays, under the pseudonym, in words. */
            keeps: string[];
            /** @description What stands wherever the user id stood. It is random: nothing leads back from it. */
            pseudonym: string;
            /** @description The referral that the user was. */
            referralId: string | null;
            requestedAt: string;
            /**
             * @description `pending` while stored events, decisions and clicks are still being searched; who the person is, is erased already.
             * @enum {string}
             */
            status: "pending" | "completed";
        };
        EventDto: {
            /** @description The object as it was then, without names and e-mail addresses: see docs/webhooks.md. */
            data: {
                [key: string]: unknown;
            };
            /** @description Also the `webhook-id` of its deliveries. */
            id: string;
            /** @description When it was written down. */
            timestamp: string;
            /** @enum {string} */
            type: "affiliate.created" | "affiliate.updated" | "referral.created" | "referral.converted" | "referral.churned" | "commission.created" | "commission.released" | "commission.reversed" | "commission.restored" | "payout.paid" | "payout.failed" | "payout.reversed" | "review_case.opened" | "review_case.closed";
        };
        EventPageDto: {
            /** @description Oldest first, those of one object in the order in which they happened. */
            data: components["schemas"]["EventDto"][];
            /** @description `after` of the next page. Null at the end: ask again later with the last id that is known. */
            nextCursor: string | null;
        };
        ExplanationDto: {
            /** @description The part of the payment that the rate is applied to. */
            base: number;
            /** @description The calculation of the present net amount, to be followed with a calculator. */
            formula: string;
            /** @description What the customer paid on the invoice by that part. */
            invoiceAmountPaid: number;
            invoiceTotal: number;
            invoiceTotalExcludingTax: number;
            /** @description What of the payment was refunded, disputed or credited since. */
            lost: number;
            /**
             * @description Which part of the invoice's money earned: what came through Stripe, or what was paid out of band and accepted by
             *     staff. An invoice that was paid both ways has a commission for each.
             * @enum {string}
             */
            part: "stripe" | "out_of_band";
            planVersionId: string;
            rateBps: number;
            /**
             * @description Whether the rate is the affiliate's own or the plan's.
             * @enum {string}
             */
            rateSource: "plan" | "affiliate";
            /** @description The net amount before rounding, in minor units. */
            roundedFrom: string;
            /** @enum {string} */
            rounding: "down";
            /** @description From what the invoice earned to what the commission is worth now: each ledger entry, oldest first. */
            steps: components["schemas"]["ExplanationStepDto"][];
            /** @description The tax within the invoice's total; it earns nothing. */
            taxAmount: number;
        };
        ExplanationStepDto: {
            /** @description The Stripe objects that changed since the step before. */
            causes: components["schemas"]["StepCauseDto"][];
            /** @description What it adds to or takes from the commission, in minor units; 0 when money only became payable or held. */
            change: number;
            /** @description The ledger's own id of the entry. */
            entryId: string;
            /** @description The calculation behind `netAmount`, to be followed with a calculator; null where nothing was calculated. */
            formula: string | null;
            /** @enum {string} */
            kind: "held" | "reversed" | "earned" | "released" | "restored";
            /** @description What of the payment had gone back to the customer by then. */
            lost: number;
            /** @description What the entry moves, in minor units and never below zero: also what became payable or is held back. */
            moved: number;
            /** @description The commission's net amount after it. */
            netAmount: number;
            /** @description When it happened in the world. */
            occurredAt: string;
            /**
             * @description Null where there is nothing to say beyond `kind`.
             * @enum {string|null}
             */
            reason: "rejected" | "payout_returned" | "losses" | "beyond_term" | null;
            /** @description When it was posted. */
            recordedAt: string;
            /** @description The Stripe event that was being worked on; null for what the passing of time or the host brought about. */
            stripeEventId: string | null;
            /** @description One sentence for people. */
            summary: string;
        };
        MyDecisionDto: {
            /** @description The code that was used. */
            code: string | null;
            id: string;
            occurredAt: string;
            /**
             * @description The first rule that refused it.
             * @enum {string}
             */
            reason: "click_unknown" | "code_unknown" | "already_referred" | "click_expired" | "affiliate_inactive" | "self_referral" | "affiliate_ip_match" | "click_ip_match" | "blocked_email_domain";
            /** @description Masked. */
            referredUserId: string;
            /** @description The affiliate's own note on the link, where a click was stored. */
            subId: string | null;
        };
        MyDecisionPageDto: {
            data: components["schemas"]["MyDecisionDto"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
        };
        NextPayoutDto: {
            /** @description What is payable now and what becomes payable by then, in minor units; below zero after a claw-back. */
            amount: number;
            currency: string;
            /**
             * @description When it begins.
             * @example 2026-12-01T06:00:00.000Z
             */
            date: string;
            /** @description The least that is paid in this currency, in minor units. */
            minimum: number;
            /**
             * @description The run's month.
             * @example 2026-12
             */
            period: string;
            /** @description All that keeps it from being paid, the most telling first; empty when it will be. */
            reasons: ("below_minimum" | "negative_balance" | "not_onboarded" | "account_restricted" | "suspended" | "under_review" | "currency_unavailable")[];
            willBePaid: boolean;
        };
        NoticeDto: {
            /** @example 2026-12-04T09:30:01.000Z */
            createdAt: string;
            /** @description The same in figures and codes; its fields depend on the kind. */
            details: {
                [key: string]: unknown;
            };
            /** @example ntc_01kb6xj3v5e0r8m2n4p6q8s0t2 */
            id: string;
            /**
             * @description `bank_payout_failed`: the affiliate's bank sent money back, which now waits at Stripe. `account_restricted`: Stripe
             *     has paused the account. `account_gone`: the account was closed or disconnected. `requirements_due`: Stripe will pause the
             *     account unless it gets something by a date.
             * @enum {string}
             */
            kind: "bank_payout_failed" | "account_restricted" | "account_gone" | "requirements_due";
            /**
             * @description What happened and what to do about it, for the affiliate to read.
             * @example Your bank sent 25.00 USD back: the bank account was closed. …
             */
            message: string;
            /** @example 2026-12-04T09:30:00.000Z */
            occurredAt: string;
        };
        NoticePageDto: {
            data: components["schemas"]["NoticeDto"][];
            nextCursor: string | null;
        };
        OnboardingDto: {
            /** @description Every Stripe account the affiliate has had, newest first. A payout stays with the account it went to. */
            accounts: components["schemas"]["AffiliateAccountDto"][];
            /**
             * @description When Stripe was last asked; null before the first time.
             * @example 2026-12-01T12:00:00.000Z
             */
            checkedAt: string | null;
            /** @example US */
            country: string;
            /**
             * @description What is missing for being paid, for the affiliate to read.
             * @example Stripe has paused your payouts until it has what is overdue. Open a new onboarding link and upload a photo of your identity document.
             */
            message: string;
            /** @description Whether Stripe lets money through to the affiliate's bank. */
            payoutsEnabled: boolean;
            /** @description What Stripe wants now, overdue first. */
            requirements: components["schemas"]["OnboardingRequirementDto"][];
            /**
             * @description `complete`: can be paid. `restricted`: could be once, and Stripe has paused it. `closed`: the account was closed or
             *     disconnected; a new onboarding link makes another one.
             * @enum {string}
             */
            status: "not_started" | "in_progress" | "complete" | "restricted" | "closed";
            /** @example acct_1AbCdEfGhIjKlMnO */
            stripeAccountId: string | null;
        };
        OnboardingLinkDto: {
            /** @example 2026-12-01T12:05:00.000Z */
            expiresAt: string;
            /** @example https://connect.stripe.com/setup/e/acct_1AbCdEfGhIjKlMnO/AbCdEfGhIjKl */
            url: string;
        };
        OnboardingRequirementDto: {
            /**
             * @description Stable: `date_of_birth`, `bank_account`. Of something new at Stripe, Stripe's own code.
             * @example document
             */
            code: string;
            /**
             * @description By when, where Stripe sets a date.
             * @example 2026-12-15T00:00:00.000Z
             */
            dueAt: string | null;
            /** @description Overdue: until it is there, nothing is paid. */
            pastDue: boolean;
            /**
             * @description What Stripe says is wrong with what was handed in, in Stripe's own words; part of `text`, too.
             * @example The document could not be read.
             */
            problem: string | null;
            /**
             * @description The requirements of Stripe that it stands for.
             * @example [
             *       "individual.verification.document"
             *     ]
             */
            stripeCodes: string[];
            /**
             * @description What the affiliate has to do.
             * @example Upload a photo of your identity document.
             */
            text: string;
        };
        OverviewDto: {
            affiliate: components["schemas"]["AffiliateDto"];
            /** @description For how many days after a click a signup is credited. */
            attributionWindowDays: number;
            /** @description One for each currency in which there was ever money. */
            balances: components["schemas"]["BalanceDto"][];
            counts: components["schemas"]["StatsInAllDto"];
            /** @description The same currencies, in alphabetical order. */
            currencies: string[];
            deepLinks: components["schemas"]["DeepLinksDto"];
            /** @description What the next run would pay as things stand, one for each currency. Empty when none is planned. */
            nextPayouts: components["schemas"]["NextPayoutDto"][];
            /** @description When payouts are made next; null when none is planned. */
            nextRun: components["schemas"]["PlannedRunDto"] | null;
            onboarding: components["schemas"]["OverviewOnboardingDto"];
        };
        OverviewOnboardingDto: {
            /** @description What Stripe wants now, overdue first. */
            due: components["schemas"]["OnboardingRequirementDto"][];
            /** @description What is missing for being paid, for the affiliate to read. */
            message: string;
            /** @description Whether Stripe lets money through to the affiliate's bank. */
            payoutsEnabled: boolean;
            /** @enum {string} */
            status: "not_started" | "in_progress" | "complete" | "restricted" | "closed";
        };
        PayoutDto: {
            affiliateId: string;
            /** @description In minor units. */
            amount: number;
            amountReversed: number;
            /** @description How often a transfer was asked for. */
            attempts: number;
            createdAt: string;
            currency: string;
            failureCode: string | null;
            failureMessage: string | null;
            id: string;
            paidAt: string | null;
            /** @description The run's month: `2026-12`. */
            period: string;
            runId: string;
            /** @enum {string} */
            status: "pending" | "paid" | "canceled" | "reversed" | "failed";
            stripeTransferId: string | null;
        };
        PayoutPageDto: {
            data: components["schemas"]["PayoutDto"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
        };
        PayoutProgressDto: {
            canceled: number;
            failed: number;
            /** @description Also those that were reversed later. */
            paid: number;
            payouts: number;
            pending: number;
        };
        PayoutRunDto: {
            /** @description What was earned by then is in it. */
            cutOff: string;
            /** @description The last decision of staff about it. */
            decision: components["schemas"]["RunDecisionDto"] | null;
            /** @description Always false: a preview is no run. */
            dryRun: boolean;
            finishedAt: string | null;
            /** @description Why sending was stopped until somebody has looked; null otherwise. */
            haltedReason: string | null;
            id: string;
            period: string;
            progress: components["schemas"]["PayoutProgressDto"];
            skipped: components["schemas"]["SkippedCountDto"][];
            startedAt: string;
            /** @enum {string} */
            status: "canceled" | "reserving" | "awaiting_approval" | "sending" | "waiting_for_funds" | "completed";
            totals: components["schemas"]["RunTotalDto"][];
        };
        PayoutRunPageDto: {
            data: components["schemas"]["PayoutRunDto"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
        };
        PlanDto: {
            createdAt: string;
            /** @description Null: for life. */
            durationMonths: number | null;
            holdDays: number;
            /** @example pln_default */
            id: string;
            /** @example default */
            name: string;
            /** @example plv_default */
            planVersionId: string;
            /** @example 2000 */
            rateBps: number;
            /** @description Counts up; the terms of a version never change. */
            version: number;
        };
        PlanPageDto: {
            data: components["schemas"]["PlanDto"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
        };
        PlanTermsDto: {
            /** @description For how many months after a customer's first invoice; null is for life. */
            durationMonths?: number | null;
            /**
             * @description How many days a commission is held before it can be paid.
             * @default 0
             */
            holdDays?: number;
            /** @description Basis points of what the customer paid without tax: 2000 is 20 %. */
            rateBps: number;
        };
        PlannedRunDto: {
            /**
             * @description When it begins.
             * @example 2026-12-01T06:00:00.000Z
             */
            date: string;
            /**
             * @description The run's month.
             * @example 2026-12
             */
            period: string;
        };
        PreviewBody: {
            /** @description The moment to take for now; the planned moment of the period by default. */
            asOf?: string;
            /** @description The month to preview, `2026-12`; the next planned one by default. */
            period?: string;
        };
        PreviewChangeDto: {
            affiliateId: string;
            /** @description What stood in the last run, paid or skipped, in minor units; null when it did not name them. */
            amountBefore: number | null;
            /** @description What is paid or skipped now; null when nothing is due. */
            amountNow: number | null;
            /** @enum {string} */
            change: "new" | "gone" | "more" | "less" | "same" | "other_reason";
            currency: string;
            /** @description What is paid now less what was paid then. */
            difference: number;
            /** @enum {string|null} */
            reasonBefore: "suspended" | "account_restricted" | "under_review" | "below_minimum" | "negative_balance" | "not_onboarded" | "currency_unavailable" | null;
            /** @enum {string|null} */
            reasonNow: "suspended" | "account_restricted" | "under_review" | "below_minimum" | "negative_balance" | "not_onboarded" | "currency_unavailable" | null;
            /**
             * @description The payout's status then, or `skipped`.
             * @enum {string|null}
             */
            statusBefore: "pending" | "paid" | "canceled" | "reversed" | "failed" | "skipped" | null;
            /** @enum {string|null} */
            statusNow: "paid" | "skipped" | null;
        };
        PreviewChangesDto: {
            /** @description Those for whom something changed; `same` is only counted. */
            affiliates: components["schemas"]["PreviewChangeDto"][];
            /** @description The last run's month. */
            period: string;
            runId: string;
            /** @description Per currency and kind of change; the differences add up to the change of the payouts' sum. */
            sums: components["schemas"]["ChangeSumDto"][];
        };
        PreviewDto: {
            /** @description Null when there was no run before. */
            changes: components["schemas"]["PreviewChangesDto"] | null;
            cutOff: string;
            funds: components["schemas"]["PreviewFundsDto"][];
            payouts: components["schemas"]["PreviewPayoutDto"][];
            period: string;
            skipped: components["schemas"]["PreviewSkipDto"][];
            totals: components["schemas"]["RunTotalDto"][];
        };
        PreviewFundsDto: {
            /** @description What Stripe says can be transferred now; null when it could not be asked. */
            available: number | null;
            currency: string;
            /** @description What is lacking for both; null when Stripe could not be asked. */
            missing: number | null;
            /** @description What the payouts of this preview come to. */
            needed: number;
            /** @description What payouts of earlier runs still wait for; they go first. */
            pending: number;
        };
        PreviewPayoutDto: {
            affiliateId: string;
            /** @description In minor units. */
            amount: number;
            currency: string;
        };
        PreviewSkipDto: {
            affiliateId: string;
            /** @description In minor units. */
            amount: number;
            currency: string;
            /** @enum {string} */
            reason: "suspended" | "account_restricted" | "under_review" | "below_minimum" | "negative_balance" | "not_onboarded" | "currency_unavailable";
        };
        PromotionCodeDto: {
            affiliateId: string;
            /** @description What customers type in, as Stripe had it when the code was added. */
            code: string;
            /** @description Counts for what is redeemed from this moment on. */
            createdAt: string;
            id: string;
            stripePromotionCodeId: string;
        };
        PromotionCodePageDto: {
            data: components["schemas"]["PromotionCodeDto"][];
            nextCursor: string | null;
        };
        ReferralDto: {
            affiliateId: string;
            churnedAt: string | null;
            clickId: string | null;
            /** @description When the first invoice above zero was paid. */
            convertedAt: string | null;
            createdAt: string;
            /** @description Null until the first subscription or invoice. */
            currency: string | null;
            id: string;
            /** @description What this referral's commissions have earned, less what was reversed; minor units. */
            lifetimeEarned: number;
            /** @description Monthly recurring revenue in minor units, before discounts and tax; 0 after churn. */
            mrr: number;
            /** @description Masked where the affiliate asks. */
            referredUserId: string;
            /** @enum {string} */
            status: "trial" | "paid" | "churned";
            stripeCustomerId: string | null;
        };
        ReferralPageDto: {
            data: components["schemas"]["ReferralDto"][];
            nextCursor: string | null;
        };
        ReviewCaseDto: {
            affiliateId: string;
            closedAt: string | null;
            /** @description The staff user who decided. */
            decidedBy: string | null;
            /** @description Whether the affiliate's money waits for the answer while the case is open. */
            holds: boolean;
            id: string;
            openedAt: string;
            /** @description What staff are asked. */
            question: string;
            /** @description Why it was decided so. */
            reason: string | null;
            /** @enum {string} */
            rule: "paid_out_of_band" | "unknown_dispute_status" | "transfer_reversed" | "unexpected_transfer" | "affiliate_ip_match" | "click_ip_match" | "blocked_email_domain" | "conversion_rate" | "same_email" | "same_email_domain" | "signup_velocity" | "paid_search_click" | "bot_clicks" | "first_commission" | "own_payment_method" | "shared_payout_account" | "dispute_monitoring" | "loss_rate";
            /** @description How many findings there are in all. */
            signalCount: number;
            /** @description The newest findings first, a hundred at most. */
            signals: components["schemas"]["ReviewSignalDto"][];
            /** @enum {string} */
            status: "open" | "approved" | "rejected";
        };
        ReviewCasePageDto: {
            data: components["schemas"]["ReviewCaseDto"][];
            nextCursor: string | null;
        };
        ReviewSignalDto: {
            /** @description What it rests on; no addresses or e-mails. */
            evidence: {
                [key: string]: unknown;
            };
            foundAt: string;
            /** @description Names the finding, such as an invoice. */
            key: string;
            /** @description The referral that it is about. Null: it is about all of the affiliate's. */
            referralId: string | null;
            /** @description The other party: a domain, another affiliate, a customer. Null: it is about the affiliate alone. */
            subject: string | null;
            /** @description The finding in a sentence. */
            summary: string;
        };
        RuleVerdictDto: {
            /** @description What the finding rests on; no raw addresses or e-mails. */
            evidence: {
                [key: string]: unknown;
            };
            /** @enum {string} */
            finding: "flag" | "refuse" | "pass" | "not_evaluated";
            /** @enum {string} */
            rule: "click_unknown" | "code_unknown" | "already_referred" | "click_expired" | "affiliate_inactive" | "self_referral" | "affiliate_ip_match" | "click_ip_match" | "blocked_email_domain" | "attribution_precedence";
            sentence: string;
        };
        RunDecisionDto: {
            at: string;
            by: string;
            /** @enum {string} */
            made: "approved" | "canceled";
            reason: string | null;
        };
        RunTotalDto: {
            /** @description In minor units. */
            amount: number;
            count: number;
            currency: string;
        };
        SessionDto: {
            /**
             * @description Until when. A new link, or a new token, begins anew.
             * @example 2026-12-01T14:00:00.000Z
             */
            expiresAt: string;
            /**
             * @description What the caller is known by: the dashboard's cookie, or a token of the host.
             * @enum {string}
             */
            kind: "cookie" | "token";
        };
        SkippedCountDto: {
            count: number;
            /** @enum {string} */
            reason: "suspended" | "account_restricted" | "under_review" | "below_minimum" | "negative_balance" | "not_onboarded" | "currency_unavailable";
        };
        StatementAffiliateDto: {
            email: string | null;
            id: string;
            name: string;
            userId: string;
        };
        StatementBalanceDto: {
            /** @description Earned by then, and not payable yet. */
            closingHeld: number;
            /** @description What of it stayed payable: not due by the cut-off, or all of it when nothing was paid. */
            closingPayable: number;
            /** @description Payable when the payout was made, all of its items included. */
            openingPayable: number;
        };
        StatementDto: {
            affiliate: components["schemas"]["StatementAffiliateDto"];
            balance: components["schemas"]["StatementBalanceDto"];
            /** @description What became payable by this moment is in it. */
            cutOff: string;
            /** @description In the order of posting, oldest first. */
            items: components["schemas"]["StatementItemDto"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
            /** @description What there is to know about the status, in sentences; null for one that was simply paid. */
            notice: string | null;
            /** @description Who pays: the host of SITE_URL. */
            payer: string;
            payout: components["schemas"]["PayoutDto"];
            /** @description What the affiliate has by this payout: nothing unless it was paid, and less what Stripe took back. In minor units. */
            received: number;
            totals: components["schemas"]["StatementTotalDto"][];
        };
        StatementItemDto: {
            amount: number;
            /** @description The part of the invoice that the rate was applied to. */
            base: number | null;
            /** @description The Stripe objects that brought it about. */
            causes: components["schemas"]["StepCauseDto"][];
            commissionId: string | null;
            /** @description The host's id of the customer; masked for the affiliate. */
            customer: string | null;
            /** @description When it happened in the world. */
            date: string;
            /** @description What happened, in sentences for people. */
            description: string;
            /** @description Of a claw-back, the payout that the commission was in; of a transfer reversal, the payout that came back. */
            earlierPayoutId: string | null;
            /** @description The ledger's own id of the entry. */
            entryId: string;
            /** @description The calculation behind it; null where nothing was calculated. */
            formula: string | null;
            invoiceId: string | null;
            /** @enum {string} */
            kind: "commission" | "adjustment" | "restored" | "transfer_reversal" | "claw_back" | "held_back";
            rateBps: number | null;
            /** @description Why staff adjusted. */
            reason: string | null;
        };
        StatementTotalDto: {
            /** @description In minor units. */
            amount: number;
            count: number;
            /** @enum {string} */
            kind: "commission" | "adjustment" | "restored" | "transfer_reversal" | "claw_back" | "held_back";
        };
        StatsBucketDto: {
            clicks: number;
            /** @description Referrals whose first paid invoice fell on the day. */
            conversions: number;
            /** @description The day, or the first day of the month. */
            date: string;
            /** @description Referrals, by the day of the signup. */
            signups: number;
            /**
             * @description First clicks of a visitor on a UTC day. A visitor is an address (IPv6: its /64) with a user agent; a click that was
             *     reported without an address counts as a visitor of its own.
             */
            uniqueClicks: number;
        };
        StatsDto: {
            /** @description What to compare with, where it was asked for: as many days right before, or as many months. */
            previous?: components["schemas"]["StatsRangeDto"];
            /** @description Every day or month of the range in order, also the empty ones. */
            series: components["schemas"]["StatsBucketDto"][];
            totals: components["schemas"]["StatsTotalsDto"];
        };
        StatsInAllDto: {
            clicks: number;
            /** @description signups ÷ uniqueClicks, a ratio; 0 without clicks. Above 1 when signups came by code alone. */
            conversionRate: number;
            /** @description Referrals that pay now. */
            payingCustomers: number;
            /** @description Referrals. */
            signups: number;
            uniqueClicks: number;
        };
        StatsRangeDto: {
            /** @description Every day or month of the range in order, also the empty ones. */
            series: components["schemas"]["StatsBucketDto"][];
            totals: components["schemas"]["StatsTotalsDto"];
        };
        StatsTotalsDto: {
            clicks: number;
            /** @description signups ÷ uniqueClicks, a ratio; 0 without clicks. Above 1 when signups came by code alone. */
            conversionRate: number;
            /** @description Referrals whose first paid invoice fell on the day. */
            conversions: number;
            /** @description Referrals, by the day of the signup. */
            signups: number;
            /**
             * @description First clicks of a visitor on a UTC day. A visitor is an address (IPv6: its /64) with a user agent; a click that was
             *     reported without an address counts as a visitor of its own.
             */
            uniqueClicks: number;
        };
        StepCauseDto: {
            /** @description What the object moves in all, in minor units; an invoice may bear only a share of it. */
            amount: number;
            /** @description Stripe's id of the refund, dispute or credit note. */
            id: string;
            /** @description Its status when the step was posted. */
            status: string;
            /** @enum {string} */
            type: "refund" | "dispute" | "credit_note";
        };
        SubIdDto: {
            clicks: number;
            /**
             * @description The affiliate's own note on the link: `referralUrl?sub=newsletter`.
             * @example newsletter
             */
            subId: string;
        };
        SubIdsDto: {
            data: components["schemas"]["SubIdDto"][];
        };
        UpdateAffiliateDto: {
            /** @description The code before stays an alias for ever. */
            code?: string;
            /** @description Counts for invoices paid from now on; null ends it, so that the plan's rate counts again. */
            commissionRateBps?: number | null;
            /** @description Null is DEFAULT_COUNTRY. Only counts before the Stripe account is made. */
            country?: string | null;
            /**
             * Format: email
             * @description Null removes it.
             */
            email?: string | null;
            name?: string;
            /** @description Counts for referrals from now on; those before keep their terms. */
            planId?: string;
            /** @enum {string} */
            status?: "pending" | "active" | "suspended";
        };
        UpdateEmailPreferencesDto: {
            firstConversion?: boolean;
            /** @enum {string|null} */
            locale?: "en" | "de" | null;
            monthlyStatement?: boolean;
            payoutPaid?: boolean;
        };
        UpdateReferralDto: {
            /** @description Binds a Stripe customer; null unbinds. */
            stripeCustomerId?: string | null;
        };
        UpdateWebhookEndpointDto: {
            /** @description Counts for events from now on. */
            events?: ("*" | "affiliate.created" | "affiliate.updated" | "referral.created" | "referral.converted" | "referral.churned" | "commission.created" | "commission.released" | "commission.reversed" | "commission.restored" | "payout.paid" | "payout.failed" | "payout.reversed" | "review_case.opened" | "review_case.closed")[];
            /**
             * @description Makes a new secret, which the answer shows once. For 24 hours the one before signs, too.
             * @enum {boolean}
             */
            rotateSecret?: true;
            /**
             * @description A disabled endpoint gets nothing; once it is enabled, it gets everything that it missed.
             * @enum {string}
             */
            status?: "enabled" | "disabled";
            /** Format: uri */
            url?: string;
        };
        WebhookAttemptDto: {
            durationMs: number | null;
            /** @description Why there was no answer, or what was wrong with it. */
            error: string | null;
            number: number;
            /**
             * @description `unknown` while it is under way, and when the process died meanwhile.
             * @enum {string}
             */
            outcome: "unknown" | "delivered" | "failed";
            /** @description How the answer began; 500 characters at most. */
            responseBody: string | null;
            responseStatus: number | null;
            startedAt: string;
        };
        WebhookDeliveryDto: {
            /** @description How often it was tried. */
            attempts: number;
            createdAt: string;
            deliveredAt: string | null;
            endpointId: string;
            /** @description Sent as `webhook-id` with every try. */
            eventId: string;
            /** @enum {string} */
            eventType: "affiliate.created" | "affiliate.updated" | "referral.created" | "referral.converted" | "referral.churned" | "commission.created" | "commission.released" | "commission.reversed" | "commission.restored" | "payout.paid" | "payout.failed" | "payout.reversed" | "review_case.opened" | "review_case.closed";
            id: string;
            /** @description The last tries, newest first; ten at most. */
            log: components["schemas"]["WebhookAttemptDto"][];
            /** @description Of a pending one; the endpoint may be paused beyond it, or an earlier event of the same object be ahead. */
            nextTryAt: string | null;
            /**
             * @description `failed` is tried no more: the endpoint took others for three days, and not this one.
             * @enum {string}
             */
            status: "pending" | "delivered" | "failed";
        };
        WebhookDeliveryPageDto: {
            data: components["schemas"]["WebhookDeliveryDto"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
        };
        WebhookEndpointDto: {
            createdAt: string;
            disabledAt: string | null;
            /** @description Why it is disabled; null when the host did it. */
            disabledReason: string | null;
            events: ("*" | "affiliate.created" | "affiliate.updated" | "referral.created" | "referral.converted" | "referral.churned" | "commission.created" | "commission.released" | "commission.reversed" | "commission.restored" | "payout.paid" | "payout.failed" | "payout.reversed" | "review_case.opened" | "review_case.closed")[];
            /** @description Since when every try has failed; null while it works. After five days the endpoint is disabled. */
            failingSince: string | null;
            id: string;
            /** @description Until when the secret before the present one signs, too. */
            previousSecretUntil: string | null;
            /**
             * @description What deliveries are signed with. Shown once: when the endpoint is made and when the secret is rotated.
             * @example whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
             */
            secret?: string;
            /** @enum {string} */
            status: "enabled" | "disabled";
            url: string;
        };
        WebhookEndpointPageDto: {
            data: components["schemas"]["WebhookEndpointDto"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    Affiliates_list: {
        parameters: {
            query?: {
                /** @description How many objects to return. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                status?: "pending" | "active" | "suspended";
                /** @description The host's id of the user. */
                userId?: string;
                /** @description A code in any case, also an earlier one. */
                code?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AffiliatePageDto"];
                };
            };
        };
    };
    Affiliates_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a retry get the first answer again. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateAffiliateDto"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AffiliateDto"];
                };
            };
        };
    };
    Affiliates_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AffiliateDto"];
                };
            };
        };
    };
    Affiliates_update: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateAffiliateDto"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AffiliateDto"];
                };
            };
        };
    };
    Commissions_balance: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BalancesDto"];
                };
            };
        };
    };
    DashboardLinks_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a retry get the first answer again. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DashboardLinkDto"];
                };
            };
        };
    };
    Notices_list: {
        parameters: {
            query?: {
                /** @description How many objects to return. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NoticePageDto"];
                };
            };
        };
    };
    Onboarding_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OnboardingDto"];
                };
            };
        };
    };
    Onboarding_createLink: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a retry get the first answer again. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateOnboardingLinkDto"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OnboardingLinkDto"];
                };
            };
        };
    };
    PromotionCodes_list: {
        parameters: {
            query?: {
                /** @description How many objects to return. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PromotionCodePageDto"];
                };
            };
        };
    };
    PromotionCodes_add: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a retry get the first answer again. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddPromotionCodeDto"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PromotionCodeDto"];
                };
            };
        };
    };
    PromotionCodes_remove: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                promotionCodeId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    AffiliateStats_get: {
        parameters: {
            query: {
                /** @description First day, UTC. 29 days before `to` when not given. */
                from?: string;
                /** @description Last day, included, UTC. Today when not given. */
                to?: string;
                interval: "day" | "month";
                /** @description `previous`: also the range of the same length right before. */
                compare?: "previous";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StatsDto"];
                };
            };
        };
    };
    Decisions_list: {
        parameters: {
            query?: {
                /** @description How many objects to return. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                referredUserId?: string;
                code?: string;
                clickId?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DecisionPageDto"];
                };
            };
        };
    };
    Decisions_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DecisionDto"];
                };
            };
        };
    };
    Clicks_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a retry get the first answer again. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateClickDto"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ClickDto"];
                };
            };
        };
    };
    Commissions_list: {
        parameters: {
            query?: {
                /** @description How many objects to return. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description `csv` for a file with all that match, whatever `limit` and `cursor` say. */
                format?: "json" | "csv";
                affiliateId?: string;
                referralId?: string;
                state?: "held" | "payable" | "in_payout" | "paid" | "reversed";
                /** @description Invoice paid at or after this date or moment (ISO 8601, UTC). */
                from?: string;
                /** @description Invoice paid at or before this date or moment (ISO 8601, UTC); a date includes its whole day. */
                to?: string;
                currency?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommissionPageDto"];
                    "text/csv": string;
                };
            };
        };
    };
    Commissions_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommissionDto"];
                };
            };
        };
    };
    Erasures_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a retry get the first answer again. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateErasureDto"];
            };
        };
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErasureDto"];
                };
            };
        };
    };
    Erasures_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErasureDto"];
                };
            };
        };
    };
    Events_list: {
        parameters: {
            query?: {
                /** @description How many events to return. */
                limit?: number;
                /** @description The id of the last event that is known (`webhook-id` of a delivery); from the oldest one kept when not given. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventPageDto"];
                };
            };
        };
    };
    Me_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AffiliateDto"];
                };
            };
        };
    };
    MyReferrals_listRefusals: {
        parameters: {
            query?: {
                /** @description How many objects to return. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description `csv` for a file with all that match, whatever `limit` and `cursor` say. */
                format?: "json" | "csv";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MyDecisionPageDto"];
                    "text/csv": string;
                };
            };
        };
    };
    MyCommissions_balance: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BalancesDto"];
                };
            };
        };
    };
    MyCommissions_list: {
        parameters: {
            query?: {
                /** @description How many objects to return. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description `csv` for a file with all that match, whatever `limit` and `cursor` say. */
                format?: "json" | "csv";
                state?: "held" | "payable" | "in_payout" | "paid" | "reversed";
                /** @description Invoice paid at or after this date or moment (ISO 8601, UTC). */
                from?: string;
                /** @description Invoice paid at or before this date or moment (ISO 8601, UTC); a date includes its whole day. */
                to?: string;
                currency?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommissionPageDto"];
                    "text/csv": string;
                };
            };
        };
    };
    MyCommissions_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommissionDto"];
                };
            };
        };
    };
    EmailPreferences_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmailPreferencesDto"];
                };
            };
        };
    };
    EmailPreferences_update: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateEmailPreferencesDto"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EmailPreferencesDto"];
                };
            };
        };
    };
    MyNotices_list: {
        parameters: {
            query?: {
                /** @description How many objects to return. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NoticePageDto"];
                };
            };
        };
    };
    MyOnboarding_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OnboardingDto"];
                };
            };
        };
    };
    MyOnboarding_createLink: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a retry get the first answer again. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateOnboardingLinkDto"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OnboardingLinkDto"];
                };
            };
        };
    };
    MyOverview_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OverviewDto"];
                };
            };
        };
    };
    MyPayouts_list: {
        parameters: {
            query?: {
                /** @description How many objects to return. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description `csv` for a file with all that match, whatever `limit` and `cursor` say. */
                format?: "json" | "csv";
                /** @description Made at or after this date or moment (ISO 8601, UTC). */
                from?: string;
                /** @description Made at or before this date or moment (ISO 8601, UTC); a date includes its whole day. */
                to?: string;
                status?: "pending" | "paid" | "failed" | "canceled" | "reversed";
                currency?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PayoutPageDto"];
                    "text/csv": string;
                };
            };
        };
    };
    MyPayoutStatements_get: {
        parameters: {
            query: {
                /** @description How many objects to return. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description `csv` and `pdf` are files with all items, whatever `limit` and `cursor` say. */
                format: "json" | "csv" | "pdf";
                /** @description How a PDF writes amounts and dates, as a language tag. */
                locale: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StatementDto"];
                    "application/pdf": string;
                    "text/csv": string;
                };
            };
        };
    };
    MyReferrals_listReferrals: {
        parameters: {
            query?: {
                /** @description How many objects to return. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description `csv` for a file with all that match, whatever `limit` and `cursor` say. */
                format?: "json" | "csv";
                /** @description Made at or after this date or moment (ISO 8601, UTC). */
                from?: string;
                /** @description Made at or before this date or moment (ISO 8601, UTC); a date includes its whole day. */
                to?: string;
                status?: "trial" | "paid" | "churned";
                currency?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReferralPageDto"];
                    "text/csv": string;
                };
            };
        };
    };
    MySession_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionDto"];
                };
            };
        };
    };
    MySession_end: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    MyReferrals_getStats: {
        parameters: {
            query: {
                /** @description First day, UTC. 29 days before `to` when not given. */
                from?: string;
                /** @description Last day, included, UTC. Today when not given. */
                to?: string;
                interval: "day" | "month";
                /** @description `previous`: also the range of the same length right before. */
                compare?: "previous";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StatsDto"];
                };
            };
        };
    };
    MyReferrals_listSubIds: {
        parameters: {
            query: {
                /** @description How many to return. */
                limit: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubIdsDto"];
                };
            };
        };
    };
    Payouts_listRuns: {
        parameters: {
            query?: {
                /** @description How many objects to return. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PayoutRunPageDto"];
                };
            };
        };
    };
    Payouts_preview: {
        parameters: {
            query: {
                /** @description `csv` for a file with a row per affiliate and currency. */
                format: "json" | "csv";
            };
            header?: {
                /** @description Makes a retry get the first answer again. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PreviewBody"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PreviewDto"];
                    "text/csv": string;
                };
            };
        };
    };
    Payouts_getRun: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                period: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PayoutRunDto"];
                };
            };
        };
    };
    Payouts_list: {
        parameters: {
            query?: {
                /** @description How many objects to return. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description `csv` for a file with all that match, whatever `limit` and `cursor` say. */
                format?: "json" | "csv";
                /** @description Made at or after this date or moment (ISO 8601, UTC). */
                from?: string;
                /** @description Made at or before this date or moment (ISO 8601, UTC); a date includes its whole day. */
                to?: string;
                affiliateId?: string;
                runId?: string;
                status?: "pending" | "paid" | "failed" | "canceled" | "reversed";
                currency?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PayoutPageDto"];
                    "text/csv": string;
                };
            };
        };
    };
    Payouts_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PayoutDto"];
                };
            };
        };
    };
    PayoutStatements_get: {
        parameters: {
            query: {
                /** @description How many objects to return. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description `csv` and `pdf` are files with all items, whatever `limit` and `cursor` say. */
                format: "json" | "csv" | "pdf";
                /** @description How a PDF writes amounts and dates, as a language tag. */
                locale: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StatementDto"];
                    "application/pdf": string;
                    "text/csv": string;
                };
            };
        };
    };
    Plans_list: {
        parameters: {
            query?: {
                /** @description How many objects to return. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlanPageDto"];
                };
            };
        };
    };
    Plans_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a retry get the first answer again. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreatePlanDto"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlanDto"];
                };
            };
        };
    };
    Plans_createVersion: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a retry get the first answer again. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PlanTermsDto"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlanDto"];
                };
            };
        };
    };
    Referrals_list: {
        parameters: {
            query?: {
                /** @description How many objects to return. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description `csv` for a file with all that match, whatever `limit` and `cursor` say. */
                format?: "json" | "csv";
                /** @description Made at or after this date or moment (ISO 8601, UTC). */
                from?: string;
                /** @description Made at or before this date or moment (ISO 8601, UTC); a date includes its whole day. */
                to?: string;
                affiliateId?: string;
                status?: "trial" | "paid" | "churned";
                currency?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReferralPageDto"];
                    "text/csv": string;
                };
            };
        };
    };
    Referrals_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a retry get the first answer again. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateReferralDto"];
            };
        };
        responses: {
            /** @description Credited to this affiliate before, or refused: see reason. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AttributionDto"];
                };
            };
            /** @description The affiliate is credited. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AttributionDto"];
                };
            };
        };
    };
    Referrals_getByUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                referredUserId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReferralDto"];
                };
            };
        };
    };
    Referrals_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReferralDto"];
                };
            };
        };
    };
    Referrals_update: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateReferralDto"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReferralDto"];
                };
            };
        };
    };
    ReviewCases_list: {
        parameters: {
            query?: {
                /** @description How many objects to return. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                status?: "open" | "approved" | "rejected";
                rule?: "paid_out_of_band" | "unknown_dispute_status" | "transfer_reversed" | "unexpected_transfer" | "affiliate_ip_match" | "click_ip_match" | "blocked_email_domain" | "conversion_rate" | "same_email" | "same_email_domain" | "signup_velocity" | "paid_search_click" | "bot_clicks" | "first_commission" | "own_payment_method" | "shared_payout_account" | "dispute_monitoring" | "loss_rate";
                affiliateId?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReviewCasePageDto"];
                };
            };
        };
    };
    ReviewCases_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReviewCaseDto"];
                };
            };
        };
    };
    WebhookDeliveries_list: {
        parameters: {
            query?: {
                /** @description How many objects to return. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                status?: "pending" | "delivered" | "failed";
                endpointId?: string;
                eventId?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDeliveryPageDto"];
                };
            };
        };
    };
    WebhookDeliveries_resend: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a retry get the first answer again. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDeliveryDto"];
                };
            };
        };
    };
    WebhookEndpoints_list: {
        parameters: {
            query?: {
                /** @description How many objects to return. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEndpointPageDto"];
                };
            };
        };
    };
    WebhookEndpoints_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a retry get the first answer again. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateWebhookEndpointDto"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEndpointDto"];
                };
            };
        };
    };
    WebhookEndpoints_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEndpointDto"];
                };
            };
        };
    };
    WebhookEndpoints_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    WebhookEndpoints_update: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateWebhookEndpointDto"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEndpointDto"];
                };
            };
        };
    };
}
