import { CircleAlert, CircleCheck, Info, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';

const ICONS = { bad: CircleAlert, wait: TriangleAlert, info: Info, good: CircleCheck };

/** Something to know before anything else on the page. */
export function Alert({ tone, title, children }: { tone: keyof typeof ICONS; title: string; children?: ReactNode }) {
  const Icon = ICONS[tone];
  return (
    <div className={`alert alert-${tone}`} role="status">
      <Icon aria-hidden="true" size={20} />
      <div>
        <p className="alert-title">{title}</p>
        {children}
      </div>
    </div>
  );
}
