import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';

/** Where Stripe sends affiliates whose host gave no page of its own. */
@ApiExcludeController()
@Controller('onboarding')
export class OnboardingPagesController {
  @Get('return')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('cache-control', 'no-store')
  returned(): string {
    return page(
      'You are back from Stripe',
      'If Stripe needs anything else, it will ask you there. You can close this page and return to the app.',
    );
  }

  @Get('refresh')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('cache-control', 'no-store')
  expired(): string {
    return page(
      'This link has expired',
      'Links to Stripe work once and for a few minutes only. Return to the app and ask for a new one.',
    );
  }
}

function page(title: string, text: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>
body { font: 1.0625rem/1.6 system-ui, sans-serif; margin: 0; min-height: 100vh; display: grid; place-items: center; }
main { max-width: 34rem; padding: 2rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 0.75rem; }
p { margin: 0; }
</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${text}</p>
</main>
</body>
</html>
`;
}
