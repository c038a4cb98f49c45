import { Text } from '@adminjs/design-system';
import React from 'react';

export const SectionTitle: React.FC<{ id: string; children: React.ReactNode }> = ({ id, children }) => (
  <Text as="h2" id={id} fontSize="lg" fontWeight="bold" mb="lg">
    {children}
  </Text>
);
