# The interface, then the program, then a small image with nothing to build in it.
# pg_dump must not be older than the server: the client here and the server in compose.yaml go together.

FROM node:22-trixie-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npx vite build --logLevel warn

FROM golang:1.26-trixie AS build
ARG VERSION=dev
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=web /src/web/dist ./web/dist
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /ponte ./cmd/ponte

FROM debian:trixie-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates postgresql-client tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/ponte --create-home ponte
COPY --from=build /ponte /usr/local/bin/ponte
USER 10001
ENV PONTE_ADDR=0.0.0.0:8080 PONTE_DATA_DIR=/var/lib/ponte
# The send epoch lives here, outside the database: a copy of the database alone does not send.
VOLUME /var/lib/ponte
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["ponte"]
CMD ["serve"]
