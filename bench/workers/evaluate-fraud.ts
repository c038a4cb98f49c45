import { openCommandContext } from '../../src/command-context.js';
import { readConfig } from '../../src/config/config.js';
import { FraudEvaluation } from '../../src/fraud/fraud-evaluation.service.js';
import { detectionRules } from '../../src/fraud/rules/registry.js';
import { report } from '../harness/worker.js';

/** Asks the rules about everybody, twice, in a process of its own. */
const { app, close } = await openCommandContext(readConfig(process.env));
const evaluation = app.get(FraudEvaluation);
const rules: Record<string, number> = {};
let signals = 0;
for (const [rule] of detectionRules()) {
  const startedMs = performance.now();
  signals += await evaluation.evaluateRule(rule);
  rules[rule] = performance.now() - startedMs;
}
const startedMs = performance.now();
const again = await evaluation.evaluateAll();
if (again !== 0) throw new Error(`${again} signals were found twice`);
report({ ...rules, signals, againMs: performance.now() - startedMs });
await close();
