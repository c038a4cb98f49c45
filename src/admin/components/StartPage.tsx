import { Box, H2 } from '@adminjs/design-system';
import React from 'react';

export const StartPage: React.FC = () => (
  <Box variant="grey">
    <H2>Today</H2>
  </Box>
);
