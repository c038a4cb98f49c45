import type { PayoutStatus } from '../../api/types';
import { useLanguage } from '../../i18n/language';
import { Badge, type Tone } from '../../ui/badge';

const TONES: Record<PayoutStatus, Tone> = {
  pending: 'info',
  paid: 'good',
  failed: 'bad',
  canceled: 'neutral',
  reversed: 'bad',
};

export function PayoutBadge({ status }: { status: PayoutStatus }) {
  const { texts } = useLanguage();
  return <Badge tone={TONES[status]}>{texts.payouts.statuses[status]}</Badge>;
}
