# Build: everything, with the tools that only building needs.
FROM node:20-slim AS build
WORKDIR /app
# What `npm ci` needs comes first, so that a change of the sources does not install anew.
COPY package.json package-lock.json .npmrc prisma.config.ts ./
COPY dashboard/package.json ./dashboard/
COPY packages/sdk/package.json ./packages/sdk/
COPY examples/express-host/package.json ./examples/express-host/
COPY scripts ./scripts
COPY prisma ./prisma
RUN npm ci
COPY . .
# The generated Prisma client stays; it lies in node_modules/.prisma.
RUN npm run build && npm prune --omit=dev

# Run: production packages and the compiled code, as a user without rights.
FROM node:20-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/prisma ./prisma
COPY --from=build /app/dist ./dist
# The commands: npm run db:migrate, payouts, ledger:verify.
COPY --from=build /app/scripts ./scripts
# Only used without DATABASE_URL, by the embedded PostgreSQL; mount a volume here to keep its data.
RUN mkdir .data && chown node:node .data
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/health/ready').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--v8-pool-size=1", "dist/main.js"]
