module github.com/terraform-mlops/terraform-provider-mlops/internal/bench/duckdb

go 1.26.0

require (
	github.com/marcboeker/go-duckdb/v2 v2.4.0
	github.com/parquet-go/parquet-go v0.32.0
	github.com/terraform-mlops/terraform-provider-mlops v0.0.0
	golang.org/x/sync v0.24.0
)

require (
	github.com/andybalholm/brotli v1.2.2 // indirect
	github.com/apache/arrow-go/v18 v18.7.0 // indirect
	github.com/duckdb/duckdb-go-bindings v0.1.19 // indirect
	github.com/duckdb/duckdb-go-bindings/darwin-amd64 v0.1.19 // indirect
	github.com/duckdb/duckdb-go-bindings/darwin-arm64 v0.1.19 // indirect
	github.com/duckdb/duckdb-go-bindings/linux-amd64 v0.1.19 // indirect
	github.com/duckdb/duckdb-go-bindings/linux-arm64 v0.1.19 // indirect
	github.com/duckdb/duckdb-go-bindings/windows-amd64 v0.1.19 // indirect
	github.com/go-viper/mapstructure/v2 v2.4.0 // indirect
	github.com/goccy/go-json v0.10.6 // indirect
	github.com/google/flatbuffers v25.12.19+incompatible // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/klauspost/compress v1.20.1 // indirect
	github.com/klauspost/cpuid/v2 v2.4.0 // indirect
	github.com/marcboeker/go-duckdb/arrowmapping v0.0.19 // indirect
	github.com/marcboeker/go-duckdb/mapping v0.0.19 // indirect
	github.com/parquet-go/bitpack v1.0.0 // indirect
	github.com/parquet-go/jsonlite v1.0.0 // indirect
	github.com/pierrec/lz4/v4 v4.1.28 // indirect
	github.com/robfig/cron/v3 v3.0.1 // indirect
	github.com/twpayne/go-geom v1.6.1 // indirect
	github.com/valyala/fastjson v1.6.10 // indirect
	github.com/zeebo/xxh3 v1.1.0 // indirect
	golang.org/x/exp v0.0.0-20260813180055-c1d0aacb2297 // indirect
	golang.org/x/sys v0.49.0 // indirect
	gonum.org/v1/gonum v0.17.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace github.com/terraform-mlops/terraform-provider-mlops => ../../..
