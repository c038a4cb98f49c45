import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';

/** One object version: whose it is (null: the platform's), its type, its id and the version; null: it is gone. */
export type LoggedVersion = [account: string | null, type: string, id: string, value: unknown];

/**
 * The append-only file behind the emulator's memory. One line holds everything that one request
 * changed, its idempotency answer included, so after a crash a request has happened wholly or not
 * at all. A last line that was torn by the crash is cut off.
 */
export class StateLog {
  private constructor(private readonly file: number) {}

  /** Opens the file, replays its lines in order (the last version wins) and is ready to append. */
  static open(path: string, replay: (version: LoggedVersion) => void): StateLog {
    const kept = existsSync(path) ? StateLog.replay(readFileSync(path), replay) : 0;
    const file = openSync(path, existsSync(path) ? 'r+' : 'w+', 0o600);
    ftruncateSync(file, kept);
    closeSync(file);
    return new StateLog(openSync(path, 'a'));
  }

  append(versions: LoggedVersion[]): void {
    if (versions.length > 0) writeSync(this.file, `${JSON.stringify(versions)}\n`);
  }

  close(): void {
    closeSync(this.file);
  }

  /** Returns how many bytes of the content are whole lines. */
  private static replay(content: Buffer, replay: (version: LoggedVersion) => void): number {
    let start = 0;
    for (let end = content.indexOf(10, start); end !== -1; end = content.indexOf(10, start)) {
      const versions = JSON.parse(content.toString('utf8', start, end)) as LoggedVersion[];
      versions.forEach(replay);
      start = end + 1;
    }
    return start;
  }
}
