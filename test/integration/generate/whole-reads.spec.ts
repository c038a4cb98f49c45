import { itReadsNoGrowingTableAsAWhole } from '../../setup/whole-reads.js';

describe('the service on a small business, whose every read could go by an index', () => {
  itReadsNoGrowingTableAsAWhole({ affiliates: 120, sales: 15, clicks: 20 });
});
