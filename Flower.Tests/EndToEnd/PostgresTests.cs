// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>An unchanged PostgreSQL and psql, with Flower between their Unix sockets.</summary>
public sealed class PostgresTests : EndToEndTest
{
    private const int FiftyMegabytes = 50_000_000;

    private PostgresFixture _postgres = null!;

    [SetUp]
    public async Task StartPostgres()
    {
        _postgres = await PostgresFixture.StartAsync();
        await Board.FlowerReadyAsync("egress", "connect", "--to", "unix:" + _postgres.SocketPath, "service=db");
        await Board.FlowerReadyAsync(
            "ingress", "accept", "unix:" + Path.Combine(Board.Folder, PostgresFixture.SocketName), "service=db");
    }

    [TearDown]
    public async Task StopPostgres() => await _postgres.DisposeAsync();

    [Test]
    public async Task Psql_Session_CreatesInsertsAndSelects()
    {
        FlowerProcess psql = Board.Program(Programs.Require("psql"), Arguments(
            "-c", "create table flowers (name text primary key, petals int)",
            "-c", "insert into flowers select 'flower ' || n, n from generate_series(1, 1000) as n",
            "-c", "select count(*), sum(petals), max(name) from flowers",
            "-c", "select name from flowers where petals = 34"));

        Assert.That(await psql.ExitAsync(), Is.Zero, psql.Error.ToString());

        Assert.That(psql.Out.Lines, Is.EqualTo(new[] { "1000|500500|flower 999", "flower 34" }));
    }

    [Test]
    public async Task Psql_CopyFiftyMegabytesBothWays_ArrivesUnchanged()
    {
        string program = Programs.Require("psql");
        FlowerProcess create = Board.Program(program, Arguments("-c", "create table bulk (n int, data text)"));
        Assert.That(await create.ExitAsync(), Is.Zero, create.Error.ToString());

        FlowerProcess copyIn = Board.ProgramRaw(program, Arguments("-c", "copy bulk from stdin"));
        string sent = await FillAsync(copyIn).WaitAsync(4 * Patience.Limit);
        Assert.That(await copyIn.ExitAsync(), Is.Zero, copyIn.Error.ToString());

        FlowerProcess copyOut = Board.ProgramRaw(
            program, Arguments("-c", "copy (select * from bulk order by n) to stdout"));
        string received = Convert.ToHexString(
            await SHA256.HashDataAsync(copyOut.RawOutput).AsTask().WaitAsync(4 * Patience.Limit));
        Assert.That(await copyOut.ExitAsync(), Is.Zero, copyOut.Error.ToString());

        Assert.That(received, Is.EqualTo(sent));
    }

    private string[] Arguments(params string[] more) =>
        ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", Board.Folder, "-U", "flower", "-d", "postgres", .. more];

    // In the form in which COPY writes them, so that the same bytes come back.
    private static async Task<string> FillAsync(FlowerProcess psql)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(1);
        byte[] data = new byte[2000];
        for (int n = 0, sent = 0; sent < FiftyMegabytes; n++)
        {
            random.NextBytes(data);
            byte[] line = Encoding.ASCII.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"{n}\t{Convert.ToHexString(data)}\n"));
            hash.AppendData(line);
            await psql.Input.WriteAsync(line);
            sent += line.Length;
        }

        psql.CloseInput();
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
