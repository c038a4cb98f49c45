import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Config } from '../../config/config.js';

/** Where Stripe sends affiliates whose host gave no page of its own. */
@ApiExcludeController()
@Controller('onboarding')
export class OnboardingPagesController {
  constructor(private readonly config: Config) {}

  @Get('return')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('cache-control', 'no-store')
  returned(): string {
    return this.page(
      'You are back from Stripe',
      'Thank you. Stripe now checks what you have entered; that takes a few minutes at most.',
      'If anything is still missing, you can see it where you came from, and open Stripe again from there.',
    );
  }

  /** Nobody is known here, so no link can be minted here: that takes a click of the affiliate where it is signed in. */
  @Get('refresh')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('cache-control', 'no-store')
  expired(): string {
    return this.page(
      'This link has been used or has expired',
      'Links to Stripe work once, and for a few minutes only. Nothing that you have entered is lost.',
      'Go back to where you found the link and open Stripe from there again: each click makes a fresh one.',
    );
  }

  private page(title: string, ...paragraphs: string[]): string {
    const { href, host } = new URL(this.config.siteUrl);
    return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${paragraphs.map((text) => `<p>${text}</p>`).join('\n')}
<a href="${href}">Go to ${host}</a>
</main>
</body>
</html>
`;
  }
}

const STYLE = `
:root { color-scheme: light dark; --ground: #f3f4f8; --card: #fff; --ink: #1d2340; --soft: #5a6180; --line: #d9dce8; --accent: #4b48d6; --accent-ink: #fff; }
@media (prefers-color-scheme: dark) { :root { --ground: #12141f; --card: #1c1f2e; --ink: #eceef8; --soft: #a5abc6; --line: #343950; --accent: #8f8cff; --accent-ink: #12141f; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.25rem; background: var(--ground); color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { width: 100%; max-width: 30rem; background: var(--card); border: 1px solid var(--line); border-radius: 1rem; padding: clamp(1.25rem, 5vw, 2.25rem); }
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25; }
p { margin: 0 0 .75rem; color: var(--soft); }
a { display: block; margin-top: 1.5rem; padding: .8rem 1rem; border-radius: .65rem; background: var(--accent); color: var(--accent-ink); font-weight: 600; text-align: center; text-decoration: none; }
a:hover { filter: brightness(1.08); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
`;
