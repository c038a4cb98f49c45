import { itReadsNoGrowingTableAsAWhole } from '../setup/whole-reads.js';

/** More or less of everything, for whoever wants to see it on another scale. */
const AFFILIATES = Number(process.env['READS_AFFILIATES'] ?? 2000);
const SALES = 25;
const CLICKS = 100;

describe('the service on a year of a business with 50,000 sales', () => {
  itReadsNoGrowingTableAsAWhole({ affiliates: AFFILIATES, sales: SALES, clicks: CLICKS });
});
