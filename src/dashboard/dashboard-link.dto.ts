export class DashboardLinkDto {
  /** Opens the dashboard once.
   * @example 'https://partners.example.com/dashboard/open?token=3q2-7w…' */
  url!: string;
  /** @example '2026-12-01T12:05:00.000Z' */
  expiresAt!: string;
}
