// SPDX-License-Identifier: BSD-2-Clause
// Asks a database that is reached through the board.
//
//     flower egress connect --to unix:/run/postgresql/.s.PGSQL.5432 service=db
//     dotnet run --project samples/PostgreSql -- 'Username=me;Database=postgres' service=db
using Flower.Client;
using Flower.Protocol;
using Npgsql;

await using Handle handle = await Handle.OpenAsync();

// Npgsql makes its sockets by itself and takes none from elsewhere. So it is given the folder of a Unix socket that this process
// listens on: each connection to it is one on the board.
await using Forwarder forwarder = Forwarder.Start(handle, LabelSet.ParseWords(args.Skip(1)), new()
{
    FileName = ".s.PGSQL.5432",
    Observer = refused => Console.Error.WriteLine(refused.Message),
});

var where = new NpgsqlConnectionStringBuilder(args[0]) { Host = forwarder.Folder, Port = 5432 };
await using NpgsqlDataSource database = NpgsqlDataSource.Create(where);
try
{
    await using NpgsqlCommand command = database.CreateCommand("select version()");
    Console.WriteLine(await command.ExecuteScalarAsync());
    return 0;
}
catch (NpgsqlException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
