import { useMemo } from 'react';
import { encode } from 'uqr';
import { useLanguage } from '../i18n/language';

/** Always dark on white, also in the dark: cameras do not read it the other way round. */
export function QrCode({ url }: { url: string }) {
  const { texts } = useLanguage();
  const { data, size } = useMemo(() => encode(url, { ecc: 'M', border: 3 }), [url]);
  const path = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return (
    <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={texts.overview.qrOf(url)}>
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#111" shapeRendering="crispEdges" />
    </svg>
  );
}
