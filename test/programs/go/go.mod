module accesslog-operator/test/programs/go

go 1.17
