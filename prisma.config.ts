import { defineConfig } from 'prisma/config';

// Migrations run as the role that owns the tables, which the application's own role should not be.
const url = process.env['MIGRATION_DATABASE_URL'] ?? process.env['DATABASE_URL'];

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  // `prisma generate` needs no database, so a missing address is not an error here.
  ...(url ? { datasource: { url } } : {}),
});
