"""A holder's licences (证照卡包): seeing them, showing them to others for a purpose and a time, and who looked at them."""
