const source = document.querySelector('[data-copy-source]');
const copy = document.querySelector('[data-copy]');
copy?.addEventListener('click', async () => {
  await navigator.clipboard.writeText(source.value);
  copy.textContent = 'Copied';
});

// The dashboard asks for a new token before its own runs out.
const frame = document.querySelector('iframe[data-token-url]');
if (frame) {
  const { origin } = new URL(frame.src);
  window.addEventListener('message', async (event) => {
    if (event.source !== frame.contentWindow || event.origin !== origin) return;
    if (event.data?.type !== 'fairshare:token-needed') return;
    const answer = await fetch(frame.dataset.tokenUrl);
    // Logged out here: the dashboard then says that its session is over.
    if (!answer.ok || answer.redirected) return;
    const { token } = await answer.json();
    frame.contentWindow.postMessage({ type: 'fairshare:token', token }, origin);
  });
}
