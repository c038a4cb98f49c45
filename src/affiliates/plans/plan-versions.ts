import { Prisma } from '@prisma/client';

/** SQL for the id of a plan's terms that are in force at a moment; null where there are none. */
export function planVersionIdInForce(planId: Prisma.Sql, at: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`(
    SELECT "id" FROM "plan_versions" WHERE "plan_id" = ${planId} AND "effective_from" <= ${at}
    ORDER BY "effective_from" DESC, "version" DESC LIMIT 1)`;
}
