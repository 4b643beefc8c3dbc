CREATE ROLE hookstream LOGIN CREATEDB PASSWORD ':password';
CREATE DATABASE hookstream OWNER hookstream;
