/** What the server tells the page before anybody is known. */
export interface PageConfig {
  /** Origins of pages that may embed this one, and hand it tokens. */
  embedOrigins: string[];
  siteUrl: string;
}

export async function loadConfig(): Promise<PageConfig> {
  const response = await fetch('/dashboard/config.json');
  if (!response.ok) throw new Error(`config.json answered ${response.status}`);
  return (await response.json()) as PageConfig;
}
