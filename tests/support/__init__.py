"""What tests share: the database, builders of data, phones and fakes of the outside world."""
