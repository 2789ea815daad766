FROM node:24-bookworm-slim AS build
WORKDIR /app
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++
COPY package.json package-lock.json .npmrc ./
COPY native ./native
COPY scripts/build-native.mjs ./scripts/
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev --omit=optional

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/native/build/Release/descent.node ./native/build/Release/
USER node
EXPOSE 3000
# The API, which starts only when there is a key (`node dist/src/keys.js create …`); a worker is the same image with the command `node dist/workers/main.js`.
CMD ["node", "dist/src/server.js"]
