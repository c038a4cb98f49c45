import { Injectable } from '@nestjs/common';
import { customAlphabet } from 'nanoid';
import { Clock } from '../../common/clock.js';
import type { Tx } from '../../database/database.js';
import { isReservedCode, normaliseCode, SUFFIX_ALPHABET, SUFFIX_LENGTHS } from './affiliate-code.js';
import { codeReserved, codeTaken } from '../affiliate-errors.js';
import { isRetired, retireCodes } from './retired-codes.js';

/** The random part of a code. */
@Injectable()
export class CodeSuffixes {
  private readonly draw = customAlphabet(SUFFIX_ALPHABET);

  next(length: number): string {
    return this.draw(length);
  }
}

/**
 * Gives codes to affiliates. A code belongs to one affiliate for ever: the table's primary key decides who was first,
 * and a code that was changed stays as an alias.
 */
@Injectable()
export class AffiliateCodes {
  constructor(
    private readonly clock: Clock,
    private readonly suffixes: CodeSuffixes,
  ) {}

  /** The first code of a new affiliate. @throws DomainError `code_reserved`, `code_taken` for a custom one. */
  async assignFirst(tx: Tx, affiliateId: string, name: string, custom: string | null): Promise<string> {
    if (custom === null) return this.assignGenerated(tx, affiliateId, name);
    const code = checkedCustomCode(custom);
    if (!(await this.insert(tx, affiliateId, code, true))) throw codeTaken(code);
    return code;
  }

  /**
   * Makes `custom` the current code and the one before an alias. Going back to an own alias is fine. The caller holds
   * the affiliate's lock.
   * @throws DomainError `code_reserved`, `code_taken`.
   */
  async change(tx: Tx, affiliateId: string, custom: string): Promise<void> {
    const code = checkedCustomCode(custom);
    const isNew = await this.insert(tx, affiliateId, code, false);
    if (!isNew) {
      const holder = await tx.affiliateCode.findUniqueOrThrow({ where: { code } });
      if (holder.affiliateId !== affiliateId) throw codeTaken(code);
      if (holder.isCurrent) return;
    }
    // In this order, since the database allows one current code at any moment.
    await tx.affiliateCode.updateMany({ where: { affiliateId, isCurrent: true }, data: { isCurrent: false } });
    await tx.affiliateCode.update({ where: { code }, data: { isCurrent: true } });
  }

  /**
   * Takes all codes from an affiliate who is erased, for ever and from everybody, and gives it one that says nothing.
   * The caller holds the affiliate's lock.
   */
  async retireAll(tx: Tx, affiliateId: string): Promise<{ retired: string[]; code: string }> {
    const rows = await tx.affiliateCode.findMany({ where: { affiliateId }, orderBy: { code: 'asc' } });
    const retired = rows.map(({ code }) => code);
    await retireCodes(tx, retired);
    await tx.affiliateCode.deleteMany({ where: { affiliateId } });
    return { retired, code: await this.assignGenerated(tx, affiliateId, '') };
  }

  private async assignGenerated(tx: Tx, affiliateId: string, name: string): Promise<string> {
    // Its tables of scripts take 5 MB, which processes that make no affiliates can do without.
    const { codePrefixOf } = await import('./code-prefix.js');
    const prefix = codePrefixOf(name);
    for (const length of SUFFIX_LENGTHS) {
      const code = `${prefix}-${this.suffixes.next(length)}`;
      if (!isReservedCode(code) && (await this.insert(tx, affiliateId, code, true))) return code;
    }
    throw new Error('no code was free, which cannot happen by chance');
  }

  /** @returns false when somebody has or had the code; without an error, which would end the transaction. */
  private async insert(tx: Tx, affiliateId: string, code: string, isCurrent: boolean): Promise<boolean> {
    if (await isRetired(tx, code)) return false;
    const { count } = await tx.affiliateCode.createMany({
      data: [{ code, affiliateId, isCurrent, createdAt: this.clock.now() }],
      skipDuplicates: true,
    });
    return count === 1;
  }
}

function checkedCustomCode(custom: string): string {
  const code = normaliseCode(custom);
  if (isReservedCode(code)) throw codeReserved(code);
  return code;
}
