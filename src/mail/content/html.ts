import { escapeHtml } from '../../http/plain-page.js';
import type { Block, MailContent, TableRow } from './mail-content.js';

/** Light colours stand in the elements, since some readers drop the head; dark ones in the head, for those that keep it. */
const GROUND = '#f3f4f8';
const CARD = '#ffffff';
const INK = '#1d2340';
const SOFT = '#5a6180';
const LINE = '#d9dce8';
const ACCENT = '#4b48d6';
const TINT = '#f1f1fd';
const WARM = '#fff6e0';
const WARM_LINE = '#e8b93c';

const FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const WIDTH = 560;
/** Longer than any amount or date. */
const VALUE_LENGTH_WHOLE = 28;

const DARK = `
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (max-width: 480px) { .card { padding: 24px 20px !important; } .figure { font-size: 30px !important; } }
@media (prefers-color-scheme: dark) {
  .ground { background-color: #12141f !important; }
  .card { background-color: #1c1f2e !important; border-color: #343950 !important; }
  .ink { color: #eceef8 !important; }
  .soft { color: #a5abc6 !important; }
  .line { border-color: #343950 !important; }
  .tint { background-color: #262a45 !important; border-color: #3d4270 !important; }
  .warm { background-color: #3a3014 !important; border-color: #b98f20 !important; }
  .accent { color: #a9a7ff !important; }
  .button { background-color: #8f8cff !important; color: #12141f !important; }
}`;

/** Readers show the first words of the body after the subject; these keep them from going on into the next line. */
const PREHEADER_END = '&#847;&zwnj;&nbsp;'.repeat(60);

/**
 * An e-mail as HTML: tables and inline styles, which all readers know; nothing is fetched from anywhere, so that nobody
 * is told that it was opened, and there is nothing to block.
 */
export function renderHtml({ locale, brand, subject, preheader, heading, blocks, footer }: MailContent): string {
  const { reason, unsubscribe } = footer;
  return `<!doctype html>
<html lang="${escapeHtml(locale)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escapeHtml(subject)}</title>
<style>${DARK}
</style>
</head>
<body class="ground" style="margin:0;padding:0;background-color:${GROUND};-webkit-text-size-adjust:100%;">
<div style="display:none;max-height:0;overflow:hidden;mso-hide:all;">${escapeHtml(preheader)}${PREHEADER_END}</div>
<table role="presentation" class="ground" width="100%" cellpadding="0" cellspacing="0" border="0" style="background-color:${GROUND};">
<tr><td align="center" style="padding:24px 12px;">
<!--[if mso]><table role="presentation" width="${WIDTH}" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:${WIDTH}px;">
<tr><td class="soft" style="padding:0 4px 12px;${FONT};font-size:15px;line-height:22px;font-weight:600;color:${SOFT};">${escapeHtml(brand)}</td></tr>
<tr><td class="card" style="background-color:${CARD};border:1px solid ${LINE};border-radius:14px;padding:32px;">
<h1 class="ink" style="margin:0 0 16px;${FONT};font-size:24px;line-height:31px;font-weight:700;color:${INK};">${escapeHtml(heading)}</h1>
${blocks.map(drawBlock).join('\n')}
</td></tr>
<tr><td class="soft" style="padding:16px 4px 0;${FONT};font-size:13px;line-height:20px;color:${SOFT};">${escapeHtml(reason)}${
    unsubscribe
      ? `<br><a class="soft" href="${escapeHtml(unsubscribe.url)}" style="color:${SOFT};text-decoration:underline;">${escapeHtml(unsubscribe.label)}</a>`
      : ''
  }</td></tr>
</table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr>
</table>
</body>
</html>
`;
}

function drawBlock(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return `<p class="ink" style="margin:0 0 16px;${FONT};font-size:16px;line-height:25px;color:${INK};">${escapeHtml(block.text)}</p>`;
    case 'hint':
      return `<p class="soft" style="margin:0;${FONT};font-size:14px;line-height:21px;color:${SOFT};">${escapeHtml(block.text)}</p>`;
    case 'notice':
      return drawBox('warm', WARM, WARM_LINE, inkText(block.text));
    case 'steps':
      return drawSteps(block.steps);
    case 'figure':
      return drawFigure(block);
    case 'table':
      return drawTable(block);
    case 'address':
      return drawBox(
        'tint',
        TINT,
        LINE,
        `<span class="soft" style="font-size:13px;line-height:20px;color:${SOFT};">${escapeHtml(block.label)}</span><br>
<a class="accent" href="${escapeHtml(block.url)}" style="color:${ACCENT};font-weight:600;text-decoration:none;word-break:break-all;">${escapeHtml(block.url)}</a>`,
      );
    case 'button':
      return drawButton(block);
  }
}

function inkText(text: string): string {
  return `<span class="ink" style="color:${INK};">${escapeHtml(text)}</span>`;
}

function drawBox(name: string, ground: string, line: string, content: string): string {
  return `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 20px;">
<tr><td class="${name}" style="background-color:${ground};border:1px solid ${line};border-radius:10px;padding:14px 16px;${FONT};font-size:16px;line-height:24px;">${content}</td></tr>
</table>`;
}

function drawSteps(steps: string[]): string {
  const rows = steps.map(
    (step, index) => `<tr>
<td class="accent" valign="top" width="28" style="padding:0 0 10px;${FONT};font-size:16px;line-height:24px;font-weight:700;color:${ACCENT};">${index + 1}.</td>
<td class="ink" valign="top" style="padding:0 0 10px;${FONT};font-size:16px;line-height:24px;color:${INK};">${escapeHtml(step)}</td>
</tr>`,
  );
  return `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 10px;">
${rows.join('\n')}
</table>`;
}

function drawFigure({ label, value, note }: Block & { kind: 'figure' }): string {
  const small = `font-size:14px;line-height:21px;color:${SOFT};`;
  return drawBox(
    'tint',
    TINT,
    LINE,
    `<span class="soft" style="${small}">${escapeHtml(label)}</span><br>
<span class="figure ink" style="font-size:34px;line-height:44px;font-weight:700;color:${INK};">${escapeHtml(value)}</span>${
      note === undefined ? '' : `<br>\n<span class="soft" style="${small}">${escapeHtml(note)}</span>`
    }`,
  );
}

/** A table of figures, so it is one for screen readers, too: each row is headed by its label. */
function drawTable({ title, rows }: Block & { kind: 'table' }): string {
  const caption =
    title === undefined
      ? ''
      : `<caption class="ink" style="padding:0 0 4px;text-align:left;${FONT};font-size:16px;line-height:24px;font-weight:700;color:${INK};">${escapeHtml(title)}</caption>\n`;
  return `<table width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 20px;">
${caption}${rows.map(drawRow).join('\n')}
</table>`;
}

function drawRow({ label, value, isTotal = false }: TableRow): string {
  const weight = isTotal ? 700 : 400;
  // An id may break anywhere, so that it fits a phone; amounts and dates may not.
  const breaks = value.length > VALUE_LENGTH_WHOLE ? 'word-break:break-all;' : '';
  const cell = `padding:9px 0;border-bottom:1px solid ${LINE};${FONT};font-size:15px;line-height:22px;`;
  return `<tr>
<th scope="row" class="${isTotal ? 'ink' : 'soft'} line" align="left" valign="top" style="${cell}font-weight:${weight};color:${isTotal ? INK : SOFT};text-align:left;">${escapeHtml(label)}</th>
<td class="ink line" align="right" valign="top" style="${cell}padding-left:12px;font-weight:${isTotal ? 700 : 600};color:${INK};font-variant-numeric:tabular-nums;${breaks}">${escapeHtml(value)}</td>
</tr>`;
}

function drawButton({ label, url }: Block & { kind: 'button' }): string {
  return `<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:4px 0 20px;">
<tr><td class="button" style="background-color:${ACCENT};border-radius:10px;">
<a class="button" href="${escapeHtml(url)}" style="display:inline-block;padding:13px 22px;border-radius:10px;background-color:${ACCENT};${FONT};font-size:16px;line-height:22px;font-weight:600;color:#ffffff;text-decoration:none;">${escapeHtml(label)}</a>
</td></tr>
</table>`;
}
