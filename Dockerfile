# syntax=docker/dockerfile:1
# Runs `countersign serve` as a numeric non-root user on a read-only root file system: mount the home (configuration,
# policies, chain files, log) at /home/countersign and nothing else needs to be writable. Of it only audit/ is written to, which
# is all that charts/countersign mounts there. Other arguments than a command's are istio-csr's: its image can be exchanged for this.
FROM node:26-trixie-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# pkcs11js builds against the headers of this Node when no prebuilt binary fits.
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++ && rm -rf /var/lib/apt/lists/* \
    && npm ci --omit=dev --no-audit --no-fund

FROM node:26-trixie-slim AS runtime
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY proto ./proto
COPY policies ./policies
COPY src ./src
ENV NODE_ENV=production COUNTERSIGN_HOME=/home/countersign NODE_OPTIONS="--disable-warning=ExperimentalWarning"
USER 65532:65532
# gRPC as istiod and as istio-csr has it, metrics, readiness
EXPOSE 15012 6443 9402 6060
VOLUME ["/home/countersign"]
ENTRYPOINT ["node", "/app/src/cli/main.ts"]
CMD ["serve"]

# For laptops and tests only: the same with a software token in place of an HSM.
FROM runtime AS development
USER 0:0
RUN apt-get update && apt-get install -y --no-install-recommends softhsm2 && rm -rf /var/lib/apt/lists/*
COPY hsm ./hsm
USER 65532:65532

FROM runtime
