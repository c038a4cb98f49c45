import { Injectable } from '@nestjs/common';
import type { ActionRequest, AdminJSOptions, PageContext } from 'adminjs';
import { toJsonAmount } from '../../common/money.js';
import { Database } from '../../database/database.js';
import { PayoutPreviewService } from '../../payouts/preview/payout-preview.service.js';
import { StaffTotp } from '../../staff/staff-totp.service.js';
import { ActionForm } from '../actions/action-form.js';
import { ProgramFiguresReader } from '../start/program-figures.js';
import type { StartPage } from '../start/start-page.js';
import { WorkListReader } from '../start/work-list.js';

/** The file has them all; a page is read by people. */
const PAYOUTS_SHOWN = 100;

/** What the pages that are no lists show and do. */
@Injectable()
export class PanelPages {
  constructor(
    private readonly database: Database,
    private readonly figures: ProgramFiguresReader,
    private readonly previews: PayoutPreviewService,
    private readonly totp: StaffTotp,
    private readonly work: WorkListReader,
  ) {}

  dashboard(): AdminJSOptions['dashboard'] {
    return { component: 'StartPage', handler: () => this.start() };
  }

  all(): NonNullable<AdminJSOptions['pages']> {
    return {
      'run-preview': { component: 'RunPreview', icon: 'Search', handler: () => this.previewRun() },
      'my-account': {
        component: 'MyAccount',
        icon: 'User',
        handler: (request: ActionRequest, _response: unknown, { currentAdmin }: PageContext) =>
          this.myAccount(request, currentAdmin?.id ?? ''),
      },
    };
  }

  private async start(): Promise<StartPage> {
    const work = await this.work.read();
    // Charts are worth no failure of the page: without them it still says what needs somebody.
    const figures = await this.figures.read().catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === '57014') return null;
      throw error;
    });
    return { work, figures };
  }

  private async previewRun(): Promise<object> {
    const { period, cutOff, paid, skipped, totals, funds } = await this.previews.digest({}, PAYOUTS_SHOWN);
    const reasons = new Map<string, number>();
    for (const { reason, count } of skipped.sums) reasons.set(reason, (reasons.get(reason) ?? 0) + count);
    return {
      period,
      cutOff,
      totals,
      funds,
      skips: [...reasons].map(([reason, count]) => ({ reason, count })),
      payouts: paid.largest.map(({ affiliateId, affiliateName, amountMinor, currency }) => ({
        affiliateId,
        name: affiliateName,
        amount: toJsonAmount(amountMinor),
        currency,
      })),
      payoutCount: paid.count,
    };
  }

  /** Everybody's own second factor: the one thing that staff change without a reason, and only for themselves. */
  private async myAccount({ method, payload }: ActionRequest, staffUserId: string): Promise<object> {
    if (method === 'post') {
      const form = new ActionForm((payload ?? {}) as Record<string, unknown>);
      if (form.choice('step', ['begin', 'confirm']) === 'begin') return { ...(await this.totp.begin(staffUserId)) };
      await this.totp.confirm(staffUserId, form.required('code'));
    }
    const { totpEnabled } = await this.database.prisma.staffUser.findUniqueOrThrow({ where: { id: staffUserId } });
    return { totpEnabled };
  }
}
