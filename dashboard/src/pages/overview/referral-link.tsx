import { ArrowRight, QrCode as QrIcon } from 'lucide-react';
import { useId, useState } from 'react';
import { Link } from 'react-router';
import type { Overview } from '../../api/types';
import { useLanguage } from '../../i18n/language';
import { Card } from '../../ui/card';
import { CopyButton } from '../../ui/copy-button';
import { QrCode } from '../../ui/qr-code';

export function ReferralLinkCard({ overview: { affiliate, attributionWindowDays } }: { overview: Overview }) {
  const { texts } = useLanguage();
  const words = texts.overview;
  const [isQrShown, setQrShown] = useState(false);
  const qrId = useId();
  const { referralUrl } = affiliate;
  return (
    <Card
      title={words.linkTitle}
      aside={
        <Link to="/links" className="more">
          {words.buildLink}
          <ArrowRight aria-hidden="true" size={16} />
        </Link>
      }
    >
      <p className="link-text link-box" data-testid="referral-url">
        {referralUrl.replace(/^https?:\/\//, '')}
      </p>
      <div className="buttons">
        <CopyButton text={referralUrl} primary />
        <button
          type="button"
          className="button"
          aria-expanded={isQrShown}
          aria-controls={qrId}
          onClick={() => setQrShown(!isQrShown)}
        >
          <QrIcon aria-hidden="true" size={16} />
          {words.qr}
        </button>
      </div>
      <div id={qrId} hidden={!isQrShown} className="qr-box">
        {isQrShown && <QrCode url={referralUrl} />}
        <p className="fine">{words.qrHint}</p>
      </div>
      <p className="fine">{words.linkHint(words.days(attributionWindowDays))}</p>
    </Card>
  );
}
