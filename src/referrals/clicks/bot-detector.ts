import { Injectable } from '@nestjs/common';
import { isbot } from 'isbot';
import { LRUCache } from 'lru-cache';

/** User agents repeat, and the pattern list is long: remembered verdicts cost a tenth of fresh ones. */
const MAX_REMEMBERED = 5_000;

@Injectable()
export class BotDetector {
  private readonly verdicts = new LRUCache<string, boolean>({ max: MAX_REMEMBERED });

  /** Whether the user agent says it is a program. No user agent is taken for a visitor: privacy tools strip it. */
  isBot(userAgent: string | null): boolean {
    if (userAgent === null) return false;
    const remembered = this.verdicts.get(userAgent);
    if (remembered !== undefined) return remembered;
    const verdict = isbot(userAgent);
    this.verdicts.set(userAgent, verdict);
    return verdict;
  }
}
