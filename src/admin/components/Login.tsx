import { Box, Button, FormGroup, Input, Label, MessageBox, Text } from '@adminjs/design-system';
import React from 'react';

/** AdminJS' log-in form with a field for the second factor, usable by keyboard, password manager and screen reader. */
export const Login: React.FC = () => {
  const { action, errorMessage, asksForCode, next } = window.__APP_STATE__ ?? { action: '', errorMessage: null };
  return (
    <Box
      as="main"
      flex
      flexDirection="column"
      alignItems="center"
      justifyContent="center"
      bg="bg"
      p="xl"
      style={{ minHeight: '100%' }}
    >
      <Box
        as="form"
        action={action}
        method="POST"
        bg="white"
        p="x3"
        boxShadow="login"
        style={{ width: '100%', maxWidth: 420, borderRadius: 12 }}
        aria-labelledby="login-title"
      >
        <Text as="h1" id="login-title" fontSize="h3" fontWeight="bold" mb="sm">
          Fairshare
        </Text>
        <Text color="grey60" mb="xl">
          The room where staff decide.
        </Text>
        {errorMessage ? <MessageBox mb="xl" message={errorMessage} variant="danger" role="alert" /> : null}
        <input type="hidden" name="next" value={next ? decodeURIComponent(next) : ''} />
        <FormGroup>
          <Label htmlFor="email">Email</Label>
          <Input id="email" name="email" type="email" autoComplete="username" required autoFocus width={1} />
        </FormGroup>
        <FormGroup>
          <Label htmlFor="password">Password</Label>
          <Input id="password" name="password" type="password" autoComplete="current-password" required width={1} />
        </FormGroup>
        <FormGroup>
          <Label htmlFor="totpCode">Code from your authenticator app{asksForCode ? '' : ', if you set one up'}</Label>
          <Input
            id="totpCode"
            name="totpCode"
            inputMode="numeric"
            autoComplete="one-time-code"
            pattern="[0-9 ]*"
            maxLength={7}
            required={asksForCode}
            width={1}
          />
        </FormGroup>
        <Button type="submit" variant="contained" width={1} mt="lg">
          Log in
        </Button>
      </Box>
    </Box>
  );
};
