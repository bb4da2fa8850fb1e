module accesslog-operator/test/programs/tls/go

go 1.17
