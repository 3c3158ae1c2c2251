# The version of Node the tests run on. Not an alpine image: the embedded ClickHouse needs glibc.
FROM node:20.20.2-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-progress
COPY tsconfig.json tsconfig.dashboards.json ./
COPY scripts/build.mjs scripts/
COPY src src
COPY dashboards dashboards
RUN node scripts/build.mjs && npm prune --omit=dev --no-progress && mkdir data

FROM node:20.20.2-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json driftwatch.yaml ./
COPY bin bin
COPY alerts alerts
COPY examples/flights examples/flights
# For `store: {path: /data}`; with a ClickHouse server nothing is written here.
COPY --from=build --chown=1000:1000 /app/data /data
VOLUME /data
USER 1000:1000
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/driftwatch.mjs"]
CMD ["run", "--config", "/etc/driftwatch/driftwatch.yaml"]
