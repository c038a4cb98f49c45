import type pg from 'pg';

/**
 * Fills these tables by `work` without their indexes, constraints and triggers, and puts them back as they were. What
 * the constraints forbid is found when they are put back.
 */
export async function withoutIndexes(admin: pg.Client, tables: string[], work: () => Promise<void>): Promise<void> {
  const { rows: constraints } = await admin.query<{ table: string; name: string; definition: string }>(
    `SELECT conrelid::regclass::text AS table, conname AS name, pg_get_constraintdef(oid) AS definition
     FROM pg_constraint
     WHERE conrelid::regclass::text = ANY($1) AND contype IN ('p', 'u', 'f')
        -- What other tables point to these by.
        OR confrelid::regclass::text = ANY($1) AND contype = 'f'
     -- A foreign key goes before the primary key it points to, and comes after it.
     ORDER BY contype = 'f' DESC`,
    [tables],
  );
  const { rows: indexes } = await admin.query<{ name: string; definition: string }>(
    `SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
     FROM pg_index i WHERE i.indrelid::regclass::text = ANY($1)
       AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u'))`,
    [tables],
  );
  const { rows: triggers } = await admin.query<{ table: string; name: string }>(
    `SELECT tgrelid::regclass::text AS table, tgname AS name FROM pg_trigger
     WHERE tgrelid::regclass::text = ANY($1) AND NOT tgisinternal`,
    [tables],
  );
  const { rows: enabled } = await admin.query<{ definition: string }>(
    `SELECT format('ALTER TABLE %s ENABLE %s TRIGGER %I', tgrelid::regclass, CASE tgenabled WHEN 'A' THEN 'ALWAYS' ELSE '' END, tgname)
       AS definition
     FROM pg_trigger WHERE tgrelid::regclass::text = ANY($1) AND NOT tgisinternal AND tgenabled IN ('A', 'O')`,
    [tables],
  );
  for (const { table, name } of constraints) await admin.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`);
  for (const { name } of indexes) await admin.query(`DROP INDEX ${name}`);
  for (const { table, name } of triggers) await admin.query(`ALTER TABLE ${table} DISABLE TRIGGER ${name}`);
  await work();
  await admin.query(`SET maintenance_work_mem = '512MB'`);
  for (const { table, name, definition } of constraints.reverse()) {
    await admin.query(`ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`);
  }
  for (const { definition } of [...indexes, ...enabled]) await admin.query(definition);
}
