/** `john@gmail.com` → `j***@g***.com`: enough for the owner to recognise it, too little for anybody else. */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf('@');
  if (at < 1) return '***';
  const domain = email.slice(at + 1);
  const dot = domain.lastIndexOf('.');
  const topLevel = dot > 0 ? domain.slice(dot) : '';
  return `${firstCharacter(email)}***@${firstCharacter(domain)}***${topLevel}`;
}

/** What maskEmail made, inside a sentence. */
export const MASKED_EMAIL = /\S{1,2}\*{3}@\S{1,2}\*{3}(?:\.[\p{L}\p{N}-]+)?/gu;

/** `user_42` → `us***42`. Host apps use all kinds of ids, e-mails among them. */
export function maskId(id: string): string {
  if (id.includes('@')) return maskEmail(id);
  const characters = [...id];
  // Both ends of a short id would be most of it.
  if (characters.length < 6) return `${characters[0] ?? ''}***`;
  return `${characters.slice(0, 2).join('')}***${characters.slice(-2).join('')}`;
}

function firstCharacter(text: string): string {
  return [...text][0] ?? '';
}
