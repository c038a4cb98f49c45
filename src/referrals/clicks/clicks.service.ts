import { Injectable } from '@nestjs/common';
import { DomainError } from '../../common/domain-error.js';
import { Config } from '../../config/config.js';
import type { Tx } from '../../database/database.js';
import { GroupCommitOverloadedError } from '../../database/group-commit.js';
import { codeNotActive } from '../referral-errors.js';
import type { ClickDto, CreateClickDto } from './click.dto.js';
import { ClickRecorder, type Visit } from './click-recorder.js';
import { CodeDirectory, CodeLookUpOverloadedError, storedCode } from './code-directory.js';

/** What the connection tells of a visitor whose own browser calls. */
export interface BrowserConnection {
  ip: string;
  userAgent: string | null;
}

/** Clicks that the host reports, from its server or by the snippet on its pages. */
@Injectable()
export class ClicksService {
  constructor(
    private readonly config: Config,
    private readonly codes: CodeDirectory,
    private readonly recorder: ClickRecorder,
  ) {}

  /**
   * Records a click reported by the host's server, as part of `tx` when one is given. What the host saw counts, bots
   * included: it knows better whether to report them.
   * @throws DomainError `code_not_active` (422), `overloaded` (503).
   */
  recordFromHost(body: CreateClickDto, tx?: Tx): Promise<ClickDto> {
    return this.record(
      { ...contentOf(body), source: 'host', ip: body.ip ?? null, userAgent: body.userAgent ?? null },
      tx,
    );
  }

  /**
   * Records a click reported by the snippet. Address and browser are those of the connection, whatever the body says.
   * No check for bots: the answer promises a stored click, and programs that run a page's scripts are few.
   * @throws DomainError `code_not_active` (422), `overloaded` (503).
   */
  recordFromSnippet(body: CreateClickDto, { ip, userAgent }: BrowserConnection): Promise<ClickDto> {
    return this.record({ ...contentOf(body), source: 'snippet', ip, userAgent });
  }

  private async record(visit: Omit<Visit, 'affiliateId'>, tx?: Tx): Promise<ClickDto> {
    const code = storedCode(visit.code);
    if (code === null) throw codeNotActive(visit.code);
    try {
      const owner = await this.codes.find(code);
      const recorded = owner?.active
        ? await this.recorder.record({ ...visit, code, affiliateId: owner.affiliateId }, tx)
        : null;
      if (!recorded) throw codeNotActive(visit.code);
      const { id, occurredAt } = recorded;
      return { clickId: id, expiresAt: new Date(occurredAt.getTime() + this.config.attributionWindowMs).toISOString() };
    } catch (error) {
      if (error instanceof GroupCommitOverloadedError || error instanceof CodeLookUpOverloadedError) {
        throw new DomainError('unavailable', 'overloaded', 'Too many clicks are waiting to be stored; try again.');
      }
      throw error;
    }
  }
}

function contentOf({ code, url, referrer, subId }: CreateClickDto): Pick<Visit, 'code' | 'url' | 'referrer' | 'subId'> {
  return { code, url: url ?? null, referrer: referrer ?? null, subId: subId ?? null };
}
