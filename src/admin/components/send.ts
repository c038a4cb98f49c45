/** Sends an act to the server. What it refuses comes back as its sentence, whatever the status. */
export async function send(
  path: string,
  values: Record<string, string>,
): Promise<{ answer?: unknown; failure?: string }> {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(values),
    });
    const body = (await response.json()) as { error?: { message?: string }; notice?: { message?: string } };
    if (response.ok) return { answer: body };
    if (response.status === 401) location.assign(`/admin/login?next=${encodeURIComponent(location.pathname)}`);
    return { failure: body.error?.message ?? body.notice?.message ?? `The server answered ${response.status}.` };
  } catch (error) {
    return { failure: `The server could not be reached: ${error instanceof Error ? error.message : String(error)}` };
  }
}
