//! The headers of each system's exports, as they stand in its files.

use super::*;

#[test]
fn exports_of_hubspot_are_understood() {
    let contacts = "Record ID = external_id
        First Name = first_name
        Last Name = last_name
        Phone Number = phone
        Mobile Phone Number = phones[mobile].phone
        Email = email
        Create Date = -
        Contact owner = owner_id@email
        Lead Status = -
        Marketing contact status = -
        Associated Company = company_id@name
        Associated Company IDs = company_id@external_id
        Street Address = addresses[work].street
        City = addresses[work].city+city
        State/Region = addresses[work].region
        Postal Code = addresses[work].postal_code
        Country/Region = addresses[work].country+country
        Lifecycle Stage = lifecycle_stage
        Date of birth = birthday
        Job Title = job_title";
    check(Some(System::HubSpot), "contact", contacts);
    let internal = "hs_object_id = external_id
        firstname = first_name
        lastname = last_name
        email = email
        mobilephone = phones[mobile].phone
        jobtitle = job_title
        company = company_id@name
        hubspot_owner_id = owner_id@email
        lifecyclestage = lifecycle_stage
        zip = addresses[work].postal_code
        hs_linkedin_url = social_links[linkedin].url";
    check(Some(System::HubSpot), "contact", internal);
    let companies = "Record ID = external_id
        Company name = name
        Company owner = owner_id@email
        Create Date = -
        Phone Number = phone
        Last Activity Date = -
        City = addresses[office].city+city
        Country/Region = addresses[office].country+country
        Industry = industry
        Company Domain Name = domain
        Number of Employees = employees
        Annual Revenue = annual_revenue
        Parent Company = parent_id@name
        LinkedIn Company Page = social_links[linkedin].url";
    check(Some(System::HubSpot), "company", companies);
}

#[test]
fn exports_of_salesforce_are_understood() {
    let loader = "Id = external_id
        IsDeleted = -
        AccountId = company_id@external_id
        LastName = last_name
        FirstName = first_name
        Salutation = salutation
        Name = full_name
        OtherPostalCode = addresses[other].postal_code
        MailingStreet = addresses[mailing].street
        MailingCity = addresses[mailing].city+city
        MailingState = addresses[mailing].region
        MailingPostalCode = addresses[mailing].postal_code
        MailingCountry = addresses[mailing].country+country
        Phone = phone
        Fax = phones[fax].phone
        MobilePhone = phones[mobile].phone
        Email = email
        Title = job_title
        LeadSource = source
        Birthdate = birthday
        OwnerId = -
        SystemModstamp = -";
    check(Some(System::Salesforce), "contact", loader);
    let report = "Salutation = salutation
        First Name = first_name
        Last Name = last_name
        Title = job_title
        Account Name = company_id@name
        Mailing Street = addresses[mailing].street
        Mailing State/Province = addresses[mailing].region
        Mailing Zip/Postal Code = addresses[mailing].postal_code
        Phone = phone
        Email = email
        Account Owner = -
        Contact Owner = owner_id@email";
    check(Some(System::Salesforce), "contact", report);
    let accounts = "Id = external_id
        Name = name
        ParentId = parent_id@external_id
        BillingStreet = addresses[billing].street
        BillingCity = addresses[billing].city+city
        ShippingCity = addresses[shipping].city
        Website = website
        Industry = industry
        AnnualRevenue = annual_revenue
        NumberOfEmployees = employees
        Description = description";
    check(Some(System::Salesforce), "company", accounts);
}

#[test]
fn exports_of_zoho_are_understood() {
    let contacts = "Record Id = external_id
        Contact Owner.id = -
        Contact Owner = owner_id@email
        Lead Source = source
        First Name = first_name
        Last Name = last_name
        Account Name.id = company_id@external_id
        Account Name = company_id@name
        Email = email
        Title = job_title
        Phone = phone
        Home Phone = phones[home].phone
        Mobile = phones[mobile].phone
        Date of Birth = birthday
        Created By.id = -
        Contact Name = full_name
        Mailing Street = addresses[mailing].street
        Mailing Zip = addresses[mailing].postal_code
        Other City = addresses[other].city
        Email Opt Out = -
        Secondary Email = emails[other].email
        Tag = tags";
    check(Some(System::Zoho), "contact", contacts);
    let accounts = "Record Id = external_id
        Account Owner = owner_id@email
        Account Name = name
        Phone = phone
        Parent Account = parent_id@name
        Parent Account.id = parent_id@external_id
        Website = website
        Employees = employees
        Annual Revenue = annual_revenue
        Billing Code = addresses[billing].postal_code
        Billing Country = addresses[billing].country+country";
    check(Some(System::Zoho), "company", accounts);
}

#[test]
fn exports_of_pipedrive_are_understood() {
    let people = "Person - ID = external_id
        Person - Name* = full_name
        Person - First name = first_name
        Person - Email - Work = email
        Person - Email - Home = emails[home].email
        Person - Phone - Mobile = phones[mobile].phone
        Person - Organization = company_id@name
        Person - Owner = owner_id@email
        Person - Labels = tags
        Person - Open deals = -
        Organization - ID = company_id@external_id";
    check(Some(System::Pipedrive), "contact", people);
    let organizations = "Organization - ID = external_id
        Organization - Name = name
        Organization - Address = addresses[office].street
        Organization - City/town/village/locality of Address = addresses[office].city+city
        Organization - Country of Address = addresses[office].country+country
        Organization - Annual revenue = annual_revenue
        Organization - Number of employees = employees
        Organization - Owner = owner_id@email";
    check(Some(System::Pipedrive), "company", organizations);
    let list = "Name = full_name
        Label = tags
        Organization = company_id@name
        Email - Work = email
        Phone - Work = phone
        Closed deals = -
        Open deals = -
        Owner = owner_id@email";
    check(Some(System::Pipedrive), "contact", list);
    let list = "Name = name
        Address = addresses[office].street
        People = -
        Closed deals = -
        Open deals = -
        Country of Address = addresses[office].country+country";
    check(Some(System::Pipedrive), "company", list);
    let deals = ["Deal - Title", "Deal - Value", "Person - Name", "Organization - Name"];
    assert_eq!(System::guess(&deals), Some(System::Pipedrive));
    assert_eq!(object_of(Some(System::Pipedrive), &deals), None);
}

#[test]
fn exports_of_google_are_understood() {
    let new = "First Name = first_name
        Middle Name = -
        Last Name = last_name
        Phonetic First Name = -
        Name Prefix = salutation
        Nickname = -
        File As = -
        Organization Name = company_id@name
        Organization Title = job_title
        Birthday = birthday
        Notes = description
        Photo = -
        Labels = tags
        E-mail 1 - Label = -
        E-mail 1 - Value = email
        E-mail 2 - Label = emails[2].label
        E-mail 2 - Value = emails[2].email
        Phone 1 - Value = phone
        Phone 12 - Label = phones[12].label
        Phone 12 - Value = phones[12].phone
        Address 1 - Label = addresses[1].label
        Address 1 - Formatted = -
        Address 1 - Street = addresses[1].street
        Address 1 - City = addresses[1].city+city
        Address 1 - PO Box = -
        Address 1 - Region = addresses[1].region
        Address 1 - Postal Code = addresses[1].postal_code
        Address 1 - Country = addresses[1].country+country
        Address 2 - City = addresses[2].city
        Website 1 - Value = website
        Custom Field 1 - Value = -";
    check(Some(System::Google), "contact", new);
    let old = "Name = full_name
        Given Name = first_name
        Family Name = last_name
        Yomi Name = -
        Language = language
        Group Membership = tags
        E-mail 1 - Type = -
        E-mail 1 - Value = email
        Phone 2 - Type = phones[2].label
        Organization 1 - Type = -
        Organization 1 - Name = company_id@name
        Organization 1 - Title = job_title";
    check(Some(System::Google), "contact", old);
}

#[test]
fn exports_of_linkedin_are_understood() {
    let connections = "First Name = first_name
        Last Name = last_name
        URL = social_links[linkedin].url
        Email Address = email
        Company = company_id@name
        Position = job_title
        Connected On = -";
    check(Some(System::LinkedIn), "contact", connections);
}
