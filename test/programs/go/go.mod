module accesslog.test/programs

go 1.24
