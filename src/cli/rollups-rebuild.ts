import { describeDifference } from '../rollups/rollup.js';
import { RollupsModule } from '../rollups/rollups.module.js';
import { RollupsService } from '../rollups/rollups.service.js';
import { readOptions } from './command-options.js';
import { runCommand } from './run-command.js';
import { textTable } from './text-table.js';

const USAGE = `
Usage: npm run rollups:rebuild

Works out every sum of clicks, signups, conversions and earnings again and writes those that were wrong, while the service
runs. Days whose clicks are older than CLICK_RETENTION_DAYS keep their numbers.`;

await runCommand(
  USAGE,
  async (app) => {
    readOptions({});
    const rollups = app.get(RollupsService);
    const [oldest] = await rollups.clickMonths();
    const reports = await rollups.rebuild();
    if (reports === null) {
      console.error(
        'Roll-ups are being rebuilt, or old clicks removed, by another process; try again when it is done.',
      );
      return false;
    }
    console.log(
      textTable(
        ['roll-up', 'rows that were wrong'],
        reports.map((report) => [report.rollup, report.differences]),
      ),
    );
    for (const { differences, shown } of reports) {
      for (const difference of shown) console.log(`WRONG: ${describeDifference(difference)}`);
      if (differences > shown.length) console.log(`… and ${differences - shown.length} more.`);
    }
    if (oldest) {
      const since = oldest.start.toISOString().slice(0, 'yyyy-mm-dd'.length);
      console.log(`Clicks are there from ${since}; days before keep their numbers.`);
    }
    const wrong = reports.reduce((sum, { differences }) => sum + differences, 0);
    console.log(wrong === 0 ? 'All roll-ups were right.' : `${wrong} rows were wrong and are right now.`);
    return true;
  },
  [RollupsModule],
);
