import { refuseFailure, send } from './client';

/** Saves a file of the API. It is fetched, not linked to, since a link could not carry a token. */
export async function download(path: string): Promise<void> {
  const response = await send(new Request(new URL(path, window.location.origin)));
  await refuseFailure(response);
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = nameOf(response);
  link.click();
  URL.revokeObjectURL(url);
}

function nameOf(response: Response): string {
  return /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? 'download';
}

/** A query without what is not set, with its `?`. */
export function queryOf(values: Record<string, string | undefined>): string {
  const set = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return set.length > 0 ? `?${new URLSearchParams(set).toString()}` : '';
}
