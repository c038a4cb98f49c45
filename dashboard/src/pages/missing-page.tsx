import { Link } from 'react-router';
import { useLanguage } from '../i18n/language';
import { Card } from '../ui/card';
import { Page } from '../ui/page';
import { EmptyState } from '../ui/states';

/** For an address that none of the pages has. */
export function MissingPage() {
  const { texts } = useLanguage();
  const words = texts.missingPage;
  return (
    <Page title={words.title}>
      <Card bare>
        <EmptyState title={words.nothing}>
          <p>{words.why}</p>
          <Link className="button" to="/">
            {words.back}
          </Link>
        </EmptyState>
      </Card>
    </Page>
  );
}
