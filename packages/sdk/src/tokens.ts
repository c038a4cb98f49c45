import { importPKCS8, SignJWT } from 'jose';

/** The service's JWT_SECRET, or the private half of its JWT_PUBLIC_KEY or of a key in its JWT_JWKS_URL. */
export type SigningKey =
  { secret: string } | { privateKey: string; algorithm: 'RS256' | 'ES256'; keyId?: string | undefined };

export interface Claims {
  scope: 'host' | 'affiliate';
  /** For the scope `affiliate`: the id that your app gave this user. */
  subject: string;
  /** The service takes at most a day. */
  expiresInSeconds: number;
  audience: string;
  issuer?: string | undefined;
}

export async function signToken(key: SigningKey, claims: Claims): Promise<string> {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const token = new SignJWT({ scope: claims.scope })
    .setSubject(claims.subject)
    .setAudience(claims.audience)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + claims.expiresInSeconds);
  if (claims.issuer !== undefined) token.setIssuer(claims.issuer);
  if ('secret' in key) return token.setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(key.secret));
  const { privateKey, algorithm: alg, keyId: kid } = key;
  return token.setProtectedHeader({ alg, ...(kid !== undefined && { kid }) }).sign(await importPKCS8(privateKey, alg));
}
