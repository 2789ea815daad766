FROM node:24.19.0-bookworm-slim AS build
WORKDIR /app
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY native ./native
COPY scripts/build-native.mjs scripts/build-lock.mjs scripts/native-sources.mjs scripts/node-gyp.mjs ./scripts/
# For all processors: the image runs on others than the one that builds it.
RUN npm run build:native -- --all
COPY . .
RUN npm run build
# Of the packages that are optional, only the decoders of pictures are needed here: PostgreSQL is a container of its own.
RUN mv node_modules/@img . && npm prune --omit=dev --omit=optional && rm -rf node_modules/@img && mv @img node_modules/

FROM node:24.19.0-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 LIVENESS_PORT=3001
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/native/build ./native/build
# Clients of the Model Context Protocol read them.
COPY --from=build /app/docs ./docs
USER node
EXPOSE 3000 3001
# A thread answers, also while the API's event loop is busy.
HEALTHCHECK --interval=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.LIVENESS_PORT || 3001}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# The API, which starts only when there is a key (`node dist/src/commands/keys.js create …`); a worker is the same image with the command `node dist/workers/main.js`.
CMD ["node", "dist/src/server.js"]
