import { Box, Button, FormGroup, H3, Input, Label, MessageBox, Text } from '@adminjs/design-system';
import { ApiClient, useCurrentAdmin, useNotice } from 'adminjs';
import React, { useEffect, useState } from 'react';
import { renderSVG } from 'uqr';
import { send } from './send.js';

interface Account {
  totpEnabled: boolean;
}

interface Enrolment {
  uri: string;
  secret: string;
}

const PAGE = '/admin/api/pages/my-account';

/** Who one is here, and the second factor of one's own log-in. */
export const MyAccount: React.FC = () => {
  const [admin] = useCurrentAdmin();
  const [account, setAccount] = useState<Account | null>(null);
  useEffect(() => {
    void new ApiClient().getPage({ pageName: 'my-account' }).then(({ data }) => setAccount(data as Account));
  }, []);
  return (
    <Box variant="grey">
      <Box bg="white" p="xxl" style={{ borderRadius: 12, maxWidth: 640 }}>
        <H3 as="h1">{admin?.['name'] as string}</H3>
        <Text color="grey60" my="default">
          {admin?.email}, {admin?.title}
        </Text>
        <Text as="h2" fontSize="lg" fontWeight="bold" mt="xl" mb="default">
          Second factor
        </Text>
        {account === null ? (
          <Text>One moment…</Text>
        ) : account.totpEnabled ? (
          <Text style={{ lineHeight: 1.5 }}>
            Your log-in asks for a code of your authenticator app. If you lost it, an admin can reset it.
          </Text>
        ) : (
          <Enrol whenDone={() => setAccount({ totpEnabled: true })} />
        )}
      </Box>
    </Box>
  );
};

const Enrol: React.FC<{ whenDone: () => void }> = ({ whenDone }) => {
  const [enrolment, setEnrolment] = useState<Enrolment | null>(null);
  const [failure, setFailure] = useState('');
  const addNotice = useNotice();
  const begin = async (): Promise<void> => {
    const { answer, failure: told } = await send(PAGE, { step: 'begin' });
    setFailure(told ?? '');
    if (answer) setEnrolment(answer as Enrolment);
  };
  const confirm = async (code: string): Promise<void> => {
    const { failure: told } = await send(PAGE, { step: 'confirm', code });
    setFailure(told ?? '');
    if (told) return;
    addNotice({ message: 'From now on your log-in asks for a code.', type: 'success' });
    whenDone();
  };
  if (!enrolment) {
    return (
      <>
        <Text style={{ lineHeight: 1.5 }} mb="lg">
          With an authenticator app on your phone, a stolen password alone opens nothing.
        </Text>
        {failure ? <MessageBox mb="lg" variant="danger" message={failure} role="alert" /> : null}
        <Button type="button" variant="contained" onClick={() => void begin()}>
          Set it up
        </Button>
      </>
    );
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const code = new FormData(event.currentTarget).get('code');
        void confirm(typeof code === 'string' ? code : '');
      }}
    >
      <Text style={{ lineHeight: 1.5 }}>Scan this with your authenticator app, then enter the code that it shows.</Text>
      <img
        src={`data:image/svg+xml;utf8,${encodeURIComponent(renderSVG(enrolment.uri))}`}
        alt="QR code for your authenticator app"
        width={200}
        height={200}
        style={{ display: 'block', margin: '16px 0' }}
      />
      <Text fontSize="sm" color="grey60" mb="lg">
        Or type this in:{' '}
        <code style={{ fontFamily: 'ui-monospace, monospace', overflowWrap: 'anywhere' }}>{enrolment.secret}</code>
      </Text>
      {failure ? <MessageBox mb="lg" variant="danger" message={failure} role="alert" /> : null}
      <FormGroup>
        <Label htmlFor="code" required>
          Code
        </Label>
        <Input id="code" name="code" inputMode="numeric" autoComplete="one-time-code" required />
      </FormGroup>
      <Button type="submit" variant="contained">
        Confirm
      </Button>
    </form>
  );
};
