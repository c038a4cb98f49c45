import type { CommissionState } from '../../api/types';
import { useLanguage } from '../../i18n/language';
import { Badge, type Tone } from '../../ui/badge';

const TONES: Record<CommissionState, Tone> = {
  held: 'wait',
  payable: 'info',
  in_payout: 'info',
  paid: 'good',
  reversed: 'bad',
};

export function CommissionBadge({ state }: { state: CommissionState }) {
  const { texts } = useLanguage();
  return <Badge tone={TONES[state]}>{texts.commissions.states[state]}</Badge>;
}
