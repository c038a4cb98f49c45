/** A shutdown that takes longer is ended; whatever was under way is resumed by the next start. */
const SHUTDOWN_LIMIT_MS = 30_000;

/** Ctrl-C under npm arrives twice: from the terminal and from npm. That is not an impatient operator yet. */
const ECHO_MS = 1_000;

/** Ends the process in good order when it is asked to; whoever asks twice does not want to wait. */
export function closeOnSignal(close: () => Promise<void>, fail: (error: unknown) => never): void {
  let askedAtMs: number | undefined;
  const onSignal = (): void => {
    if (askedAtMs !== undefined) {
      if (performance.now() - askedAtMs > ECHO_MS) process.exit(1);
      return;
    }
    askedAtMs = performance.now();
    setTimeout(() => {
      process.stderr.write(
        'The shutdown took too long and was cut off. What was under way is resumed by the next start.\n',
      );
      process.exit(1);
    }, SHUTDOWN_LIMIT_MS).unref();
    close().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}
