import { useQueryClient } from '@tanstack/react-query';
import { ExternalLink } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useSearchParams } from 'react-router';
import { api, bodyOf } from '../api/client';
import { useOnboarding } from '../api/queries';
import { isLetInByHost } from '../api/session';
import type { Onboarding, OnboardingRequirement } from '../api/types';
import type { Texts } from '../i18n/en';
import { useLanguage } from '../i18n/language';
import { Alert } from '../ui/alert';
import { Badge, type Tone } from '../ui/badge';
import { Card } from '../ui/card';
import { Page } from '../ui/page';
import { Loaded } from '../ui/states';

const TONES: Record<Onboarding['status'], Tone> = {
  not_started: 'wait',
  in_progress: 'wait',
  complete: 'good',
  restricted: 'bad',
  closed: 'bad',
};

/** Where Stripe sends people back to, and how the page knows. */
const RETURN = { done: 'stripe', expired: 'expired' } as const;
/** As long as Stripe's news usually take, and longer. */
const WATCH_MS = 60_000;

export function GettingPaidPage() {
  const { texts } = useLanguage();
  const [search] = useSearchParams();
  const from = search.get('from');
  const [isOver, setOver] = useState(false);
  const isWatching = from === RETURN.done && !isOver;
  const query = useOnboarding(isWatching);
  const queries = useQueryClient();
  const status = query.data?.status;
  useEffect(() => {
    const timer = window.setTimeout(() => setOver(true), WATCH_MS);
    return () => window.clearTimeout(timer);
  }, []);
  useEffect(() => {
    // What the overview says of the next payout has changed with it.
    if (status === 'complete') void queries.invalidateQueries({ queryKey: ['overview'] });
  }, [status, queries]);
  return (
    <Page title={texts.setup.title} intro={texts.setup.intro}>
      {from === RETURN.expired && (
        <Alert tone="info" title={texts.setup.expiredTitle}>
          <p>{texts.setup.expiredText}</p>
        </Alert>
      )}
      <Loaded query={query}>
        {(onboarding) => (
          <>
            {from === RETURN.done && <Returned onboarding={onboarding} isWatching={isWatching} />}
            <Standing onboarding={onboarding} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Returned({ onboarding, isWatching }: { onboarding: Onboarding; isWatching: boolean }) {
  const { texts } = useLanguage();
  const words = texts.setup;
  const isDone = onboarding.status === 'complete';
  return (
    <Alert tone={isDone ? 'good' : 'info'} title={words.returnedTitle}>
      <p>{isDone ? words.returnedDone : isWatching ? words.returnedChecking : words.returnedMore}</p>
    </Alert>
  );
}

function Standing({ onboarding }: { onboarding: Onboarding }) {
  const { texts, formats } = useLanguage();
  const words = texts.setup;
  const { status, requirements, checkedAt } = onboarding;
  return (
    <Card>
      <div className="setup-head">
        <h2>{words.account}</h2>
        <Badge tone={TONES[status]}>{words.statuses[status]}</Badge>
      </div>
      <p>{words.texts[textFor(onboarding)]}</p>
      {requirements.length > 0 && (
        <>
          <h3>{words.needs}</h3>
          <ul className="requirements">
            {requirements.map((requirement) => (
              <Requirement key={requirement.code} requirement={requirement} />
            ))}
          </ul>
        </>
      )}
      <StripeButton status={status} />
      {checkedAt && <p className="fine">{words.checked(formats.moment(checkedAt))}</p>}
    </Card>
  );
}

function textFor({
  status,
  requirements,
}: Onboarding): keyof ReturnType<typeof useLanguage>['texts']['setup']['texts'] {
  if (status === 'in_progress' && requirements.length === 0) return 'in_progress_nothing';
  return status === 'complete' && requirements.length > 0 ? 'complete_due' : status;
}

function Requirement({ requirement }: { requirement: OnboardingRequirement }) {
  const { texts, formats } = useLanguage();
  const { dueAt, pastDue } = requirement;
  return (
    <li>
      <span>{requirementText(requirement, texts)}</span>
      {pastDue ? (
        <Badge tone="bad">{texts.setup.overdue}</Badge>
      ) : (
        dueAt && <span className="fine">{texts.setup.by(formats.longDate(dueAt))}</span>
      )}
    </li>
  );
}

/** The API's own text, which has Stripe's remark in it, or the same in the page's language. */
function requirementText({ code, text, problem }: OnboardingRequirement, { setup }: Texts): string {
  const own = setup.requirements[code];
  if (own === undefined) return text;
  return problem === null ? own : `${own} ${setup.stripeSays(problem)}`;
}

/** Links to Stripe work once and are never kept: each click asks for one and goes there. */
function StripeButton({ status }: { status: Onboarding['status'] }) {
  const { texts } = useLanguage();
  const words = texts.setup;
  const [phase, setPhase] = useState<'idle' | 'busy' | 'failed'>('idle');
  // Stripe refuses to be embedded.
  const inNewTab = isLetInByHost();

  const open = async (): Promise<void> => {
    setPhase('busy');
    // Opened while the click is still one, or the browser would take it for a pop-up.
    const tab = inNewTab ? window.open('', '_blank') : null;
    try {
      const page = `${window.location.origin}/dashboard/getting-paid`;
      const ownPages = { returnUrl: `${page}?from=${RETURN.done}`, refreshUrl: `${page}?from=${RETURN.expired}` };
      const { url } = bodyOf(await api.POST('/v1/me/onboarding-links', { body: inNewTab ? {} : ownPages }));
      if (tab) {
        tab.opener = null;
        tab.location.href = url;
        setPhase('idle');
      } else window.location.assign(url);
    } catch {
      // Said below the button, which is also the way to try again.
      tab?.close();
      setPhase('failed');
    }
  };

  const isDone = status === 'complete';
  const text = isDone ? words.change : status === 'not_started' || status === 'closed' ? words.start : words.goOn;
  return (
    <div className="setup-action">
      <button
        type="button"
        className={`button ${isDone ? '' : 'button-primary'}`}
        disabled={phase === 'busy'}
        onClick={() => void open()}
      >
        <ExternalLink aria-hidden="true" size={16} />
        {phase === 'busy' ? words.opening : text}
      </button>
      <p className="fine">{inNewTab ? words.newTab : words.leaving}</p>
      {phase === 'failed' && (
        <p role="alert" className="field-error">
          {words.failed}
        </p>
      )}
    </div>
  );
}
