module countersign.test/judges

go 1.24
