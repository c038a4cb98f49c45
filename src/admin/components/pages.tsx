import { Box } from '@adminjs/design-system';
import { BasePropertyComponent, type ActionProps } from 'adminjs';
import React from 'react';

/** A record: short values side by side, what needs room below each other. */
export const RecordPage: React.FC<ActionProps> = ({ resource, record }) => (
  <Box
    bg="white"
    p={['lg', 'xl', 'xxl']}
    style={{
      borderRadius: 12,
      display: 'grid',
      gridTemplateColumns: 'repeat(auto-fill, minmax(min(100%, 230px), 1fr))',
      columnGap: 28,
      rowGap: 4,
      alignItems: 'start',
    }}
  >
    {resource.showProperties.map((property) => (
      <div
        key={property.propertyPath}
        style={property.custom['isWide'] ? { gridColumn: '1 / -1', minWidth: 0 } : { minWidth: 0 }}
      >
        <BasePropertyComponent where="show" property={property} resource={resource} record={record} />
      </div>
    ))}
  </Box>
);

/** AdminJS' list, with a sentence above it where its spec has one. */
export const ListPage: React.FC<ActionProps & { OriginalComponent: React.FC<ActionProps> }> = ({
  OriginalComponent,
  ...props
}) => (
  <>
    {typeof props.action.custom['hint'] === 'string' ? (
      <Box mb="lg" style={{ color: '#475569', lineHeight: 1.5 }}>
        {props.action.custom['hint']}
      </Box>
    ) : null}
    <OriginalComponent {...props} />
  </>
);
